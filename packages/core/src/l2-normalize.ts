import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';

/**
 * Vectors of the last dimension divided by their length, which counts as at least ε: x/max(‖x‖, ε).
 *
 * @param x [..., D]
 * @param options `epsilon`: smallest length (PyTorch's `normalize`: 1e-12, its cosine similarity: 1e-8)
 * @returns [..., D]
 * @example
 * const unit = l2Normalize(patchTokens, { epsilon: 1e-8 });
 * const cosine = tf.matMul(unit, unit, false, true); // [B,N,N]
 */
export function l2Normalize<T extends tf.Tensor>(x: T, { epsilon }: { readonly epsilon: number }): T {
  return customGradient(
    [x],
    (save) => {
      const length = tf.sqrt(tf.sum(tf.square(x), -1, true)); // [..., 1]
      const y = tf.div<T>(x, tf.maximum(length, epsilon));
      save(y, length);
      return y;
    },
    (dy, [y, length]) => {
      // Below ε the divisor is constant, so that nothing is taken off along y.
      const along = tf.mul(
        tf.sum(tf.mul(dy, y!), -1, true),
        tf.cast(tf.greaterEqual(length!, epsilon), 'float32'),
      );
      return [tf.div(tf.sub(dy, tf.mul(y!, along)), tf.maximum(length!, epsilon))];
    },
  );
}
