import { disposeTree, kaimingUniform } from '@toco/core';
import { createNetwork, type MakeNetwork, type NetworkOutput } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';

/** How many of the last blocks the decoder looks at. */
const blocks = 3;

/** ToCo's network with a light decoder in the place of its own: 1×1 over the tokens of several blocks, 3×3, 1×1. */
export const network: MakeNetwork = (options) => {
  const one = createNetwork(options);
  const { classToken, prefixTokens = classToken === 'learned' ? 1 : 0, tokenDim } = options.backbone;
  const { decoderDim: width = 256, numClasses } = options;
  const filter = (side: number, shape: readonly [number, number], seed: number) => ({
    weight: kaimingUniform([side, side, ...shape], { fanIn: side * side * shape[0], seed }) as tf.Tensor4D,
  });
  return {
    ...one,
    init(seed) {
      const { params, teacher } = one.init(seed);
      disposeTree(params.decoder);
      const decoder = {
        conv6: filter(1, [blocks * tokenDim, width], seed + 1),
        conv7: filter(3, [width, width], seed + 2),
        conv8: filter(1, [width, numClasses + 1], seed + 3),
      };
      return { params: { ...params, decoder }, teacher };
    },
    // What the decoder needs is asked of every pass; what nobody looks at costs nothing once the step is compiled.
    forward: (params, images, { taps = [], ...rest } = {}) =>
      one.forward(params, images, { ...rest, taps: [...new Set([...taps, 'tokens' as const])] }),
    segment({ decoder: { conv6, conv7, conv8 } }, output) {
      const { taps, grid } = output as NetworkOutput;
      return tf.tidy(() => {
        const several = taps!
          .tokens!.slice(-blocks)
          .map((tokens) => normed(tf.slice(tokens, [0, prefixTokens, 0])));
        const features = tf.reshape<tf.Rank.R4>(tf.concat(several, 2), [-1, ...grid, blocks * tokenDim]);
        const hidden = [conv6, conv7].reduce(
          (x, { weight }) => tf.relu(tf.conv2d(x, weight, 1, 'same')),
          features,
        );
        return tf.conv2d(hidden, conv8.weight, 1, 'same');
      });
    },
  };
};

/** Tokens of mean 0 and variance 1, as blocks give them out without a norm. */
function normed(tokens: tf.Tensor): tf.Tensor3D {
  const { mean, variance } = tf.moments(tokens, 2, true);
  return tf.div(tf.sub(tokens, mean), tf.sqrt(tf.add(variance, 1e-6)));
}
