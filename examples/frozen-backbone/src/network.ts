import type { Backbone } from '@toco/backbone';
import { childSeed, conv2dDilated, disposeTree, kaimingUniform, layerNorm, linear, tidied } from '@toco/core';
import { createNetwork, type MakeNetwork, type NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';

/** Blocks whose tokens are looked at, as shares of the depth: shallow ones see edges, deep ones classes. */
const depths = [1 / 2, 3 / 4, 1];

/** Width of the decoder. */
const width = 64;

/**
 * A transformer seen through several of its blocks: every token is the row of what these make of it, each of mean 0 and variance 1,
 * because blocks differ in scale and nothing of a frozen backbone is there to bring them together.
 */
function severalBlocks(backbone: Backbone): Backbone {
  const dim = depths.length * backbone.tokenDim;
  const { classToken, prefixTokens: prefix = classToken === 'learned' ? 1 : 0 } = backbone;
  const apply: Backbone['apply'] = (params, images, options = {}) =>
    tidied(() => {
      const { taps: wanted = [] } = options;
      const output = backbone.apply(params, images, { ...options, taps: [...wanted, 'tokens'] });
      const { taps, ...final } = output;
      if (!taps?.tokens || prefix === 0)
        throw new Error(
          `${backbone.name}: shows no tokens of its blocks behind a class token; choose a ViT.`,
        );
      const blocks = taps.tokens;
      const chosen = depths.map((depth) => normed(blocks[Math.round(depth * blocks.length) - 1]!));
      const tokens = tf.concat<tf.Tensor3D>(chosen, 2);
      return {
        ...final,
        ...(wanted.length > 0 && { taps }),
        clsToken: tf.reshape(tf.slice(tokens, [0, 0, 0], [-1, 1, -1]), [-1, dim]),
        patchTokens: tf.slice(tokens, [0, prefix, 0]),
      };
    });
  return {
    ...backbone,
    tokenDim: dim,
    apply,
    clsToken: (params, images, options) => tf.tidy(() => apply(params, images, options).clsToken),
  };
}

function normed(tokens: tf.Tensor3D): tf.Tensor3D {
  const [, , dim] = tokens.shape;
  return layerNorm(tokens, { weight: tf.ones([dim]), bias: tf.zeros([dim]) }, { epsilon: 1e-6 });
}

/** A map to few channels, one 3×3 convolution and a classifier. */
interface LightDecoder {
  readonly reduce: { readonly weight: tf.Tensor2D };
  readonly conv: { readonly weight: tf.Tensor4D };
  readonly classify: { readonly weight: tf.Tensor2D };
}

function initLight(inputs: number, classes: number, seed: number): LightDecoder {
  const drawn = <T extends tf.Tensor>(name: string, shape: number[], fanIn: number): { weight: T } => ({
    weight: kaimingUniform(shape, { fanIn, seed: childSeed(seed, `decoder.${name}`) }) as T,
  });
  return {
    reduce: drawn('reduce', [width, inputs], inputs),
    conv: drawn('conv', [3, 3, width, width], 9 * width),
    classify: drawn('classify', [classes + 1, width], width),
  };
}

const light = (params: { readonly decoder: unknown }): LightDecoder => params.decoder as LightDecoder;

/** ToCo's classifiers on several blocks of a backbone, and a light decoder in the place of ToCo's. */
export const network: MakeNetwork = (options) => {
  const backbone = severalBlocks(options.backbone);
  const base = createNetwork({ ...options, backbone });
  return {
    ...base,
    init(seed) {
      const { params, teacher } = base.init(seed);
      disposeTree({ unused: params.decoder });
      const decoder: unknown = initLight(backbone.tokenDim, options.numClasses, seed);
      return { params: { ...params, decoder } as NetworkParams, teacher };
    },
    segment(params, { patchTokens, grid: [h, w] }) {
      const { reduce, conv, classify } = light(params);
      return tf.tidy(() => {
        const few = tf.relu(linear(patchTokens, reduce.weight));
        const map = tf.reshape(few, [-1, h, w, width]) as tf.Tensor4D;
        const hidden = tf.relu(conv2dDilated(map, conv.weight, { dilation: 1, padding: 1 }));
        return linear(tf.add(hidden, map), classify.weight) as tf.Tensor4D;
      });
    },
  };
};
