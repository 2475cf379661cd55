import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';

/**
 * |x| with the gradient sign(x), which is 0 at 0 (`tf.abs` gives −1 there).
 *
 * @param x any shape
 * @example
 * const distance = abs(tf.sub(a, b));
 */
export function abs<T extends tf.Tensor>(x: T): T {
  return customGradient(
    [x],
    (save) => {
      save(x);
      return tf.abs(x);
    },
    (dy, [x]) => [tf.mul(dy, tf.sign(x!))],
  );
}
