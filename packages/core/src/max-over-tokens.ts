import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { customGradient } from './custom-gradient.js';

/**
 * Global max pooling over tokens: y[b,d] = max over n of x[b,n,d].
 *
 * Where tokens tie, the first of them gets the whole gradient (`tf.max` gives all of it to each).
 *
 * @param x [B,N,D]
 * @returns [B,D]
 * @example
 * const pooled = maxOverTokens(patchTokens); // [B,N,D] → [B,D]
 */
export function maxOverTokens(x: tf.Tensor): tf.Tensor2D {
  const { B, N, D } = assertShape('maxOverTokens: x', x, ['B', 'N', 'D']);
  return customGradient(
    [x],
    (save) => {
      save(tf.argMax(x, 1)); // [B,D]
      return tf.max<tf.Tensor2D>(x, 1);
    },
    (dy, [index]) => {
      const tokens = tf.reshape(tf.range(0, N, 1, 'int32'), [1, N, 1]);
      const chosen = tf.equal(tokens, tf.reshape(index!, [B, 1, D])); // [B,N,D]
      return [tf.mul(tf.cast(chosen, 'float32'), tf.reshape(dy, [B, 1, D]))];
    },
  );
}
