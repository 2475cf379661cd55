import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';

/**
 * max(x, min) with a constant `min`; the gradient passes where x ≥ min (`tf.maximum` with a scalar throws on the way back).
 *
 * @param x any shape
 * @example
 * const norm = clampMin(tf.norm(x, 2, -1, true), 1e-8);
 */
export function clampMin<T extends tf.Tensor>(x: T, min: number): T {
  return customGradient(
    [x],
    (save) => {
      save(x);
      return tf.maximum<T>(x, min);
    },
    (dy, [x]) => [tf.mul(dy, tf.cast(tf.greaterEqual(x!, min), 'float32'))],
  );
}
