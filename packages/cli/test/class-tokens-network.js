import { vit } from '@toco/backbone';
import { layerNorm } from '@toco/core';
import { createNetwork } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';

/** A class token for each class, beside the one of the image (MCTformer, Xu et al., CVPR 2022, section 3.2): registers are such tokens. */
export const network = ({ numClasses, ...options }) => {
  const size = { imageSize: 32, patchSize: 8, dim: 12, depth: 3, heads: 3 };
  const backbone = vit({ name: 'tiny with class tokens', ...size, registerTokens: numClasses });
  const base = createNetwork({ ...options, numClasses, backbone });
  return {
    ...base,
    forward(params, images, { taps = [], ...rest } = {}) {
      const output = base.forward(params, images, { ...rest, taps: ['tokens', ...taps] });
      const last = output.taps.tokens.at(-1);
      const classTokens = layerNorm(tf.slice(last, [0, 1, 0], [-1, numClasses, -1]), params.encoder.norm, {
        epsilon: 1e-6,
      });
      // What a token says of its class is its mean; patches and tokens vote.
      return { ...output, clsLogits: tf.div(tf.add(output.clsLogits, tf.mean(classTokens, 2)), 2) };
    },
  };
};
