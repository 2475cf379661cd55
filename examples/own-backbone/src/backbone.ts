import { imagenetMean, imagenetStd } from '@toco/core';
import { poolClassToken, type Backbone } from '@toco/backbone';
import { kaimingUniform, zeros } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** A filter `[3,3,in,out]` and its bias. */
interface Stage {
  readonly weight: tf.Tensor4D;
  readonly bias: tf.Tensor1D;
}

/** Four strided convolutions; keys are the names in checkpoints. */
interface Params {
  readonly stages: Readonly<Record<string, Stage>>;
}

const channels = [3, 32, 64, 96, 128];

/**
 * A small convolutional network as a backbone of ToCo: a plain object, nothing to extend or register.
 *
 * Four convolutions of stride 2 make tokens of 16 pixels. The third stage gives the auxiliary tokens on a grid twice as
 * fine; a class token is pooled from the patch tokens.
 */
export const backbone: Backbone<Params> = {
  name: 'four-convolutions',
  stride: 16,
  tokenDim: 128,
  auxDim: 96,
  classToken: 'pooled',
  mean: imagenetMean,
  std: imagenetStd,
  trainable: () => true,
  init: (seed) => ({
    stages: Object.fromEntries(
      channels.slice(1).map((width, i) => {
        const fanIn = 9 * channels[i]!;
        const weight = kaimingUniform([3, 3, channels[i]!, width], {
          fanIn: fanIn / 6,
          seed: seed + i,
        }) as tf.Tensor4D;
        return [i, { weight, bias: zeros([width]) as tf.Tensor1D }];
      }),
    ),
  }),
  apply: (params, images) => {
    const maps: tf.Tensor4D[] = [images];
    for (const { weight, bias } of Object.values(params.stages)) {
      maps.push(tf.relu(tf.add(tf.conv2d(maps.at(-1)!, weight, 2, 'same'), bias)));
    }
    const tokens = (map: tf.Tensor4D): tf.Tensor3D => tf.reshape(map, [map.shape[0], -1, map.shape[3]]);
    const grid = (map: tf.Tensor4D) => [map.shape[1], map.shape[2]] as const;
    const [fine, coarse] = maps.slice(-2) as [tf.Tensor4D, tf.Tensor4D];
    const patchTokens = tokens(coarse);
    return {
      clsToken: poolClassToken(patchTokens),
      patchTokens,
      auxTokens: tokens(fine),
      grid: grid(coarse),
      auxGrid: grid(fine),
    };
  },
};
