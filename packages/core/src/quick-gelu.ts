import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';
import { fuse } from './step-compiler.js';

/**
 * The Gaussian error linear unit as OpenAI's CLIP approximates it: x·σ(1.702 x), σ the logistic function.
 *
 * Gradient: s + 1.702·x·s·(1 − s) with s = σ(1.702 x), for which nothing but x is kept.
 *
 * @param x any shape
 * @example
 * const hidden = quickGelu(linear(x, fc1.weight, fc1.bias));
 */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  return customGradient(
    [x],
    (save) => {
      save(x);
      return fuse((x: T) => tf.mul<T>(x, gate(x)))(x);
    },
    (dy, [x]) => [fuse(derivative)(dy, x!)],
  );
}

function gate<T extends tf.Tensor>(x: T): T {
  return tf.sigmoid(tf.mul(x, 1.702));
}

function derivative(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const s = gate(x);
  return tf.mul(dy, tf.add(s, tf.mul(tf.mul(x, 1.702), tf.mul(s, tf.sub(1, s)))));
}
