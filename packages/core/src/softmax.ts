import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';

/**
 * Softmax over the last dimension: y = exp(x)/Σ exp(x).
 *
 * @param x [..., C]
 * @returns [..., C], each row summing to 1
 * @example
 * const attention = softmax(tf.mul(tf.matMul(q, k, false, true), scale)); // [B,heads,T,T]
 */
export function softmax<T extends tf.Tensor>(x: T): T {
  return customGradient(
    [x],
    (save) => {
      const y = tf.softmax(x);
      save(y);
      return y;
    },
    (dy, [y]) => [tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, y!), -1, true)), y!)],
  );
}

/**
 * Logarithm of the softmax over the last dimension: x − log Σ exp(x).
 *
 * @param x [..., C]
 * @returns [..., C]
 * @example
 * const logProbabilities = logSoftmax(logits); // [B,H,W,K]
 */
export function logSoftmax<T extends tf.Tensor>(x: T): T {
  return customGradient(
    [x],
    (save) => {
      const y = tf.logSoftmax(x);
      save(y);
      return y;
    },
    (dy, [y]) => [tf.sub(dy, tf.mul(tf.exp(y!), tf.sum(dy, -1, true)))],
  );
}
