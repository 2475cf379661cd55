import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';
import { eagerKernel } from './eager-kernel.js';
import { fuse } from './step-compiler.js';

/**
 * Gaussian error linear unit, exact: x·Φ(x) with Φ(x) = ½(1 + erf(x/√2)).
 *
 * Gradient: Φ(x) + x·exp(−x²/2)/√(2π), for which nothing but x is kept. As exact as the backend's erf (`cpu` and `wasm`
 * approximate it to 1.5e-7).
 *
 * @param x any shape
 * @example
 * const hidden = gelu(linear(x, fc1.weight, fc1.bias));
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return customGradient(
    [x],
    (save) => {
      save(x);
      return (
        eagerKernel<T, 'TocoGelu'>('TocoGelu', { x }, {}) ?? fuse((x: T) => tf.mul<T>(x, cumulative(x)))(x)
      );
    },
    (dy, [x]) => [fuse(derivative)(dy, x!)],
  );
}

function cumulative<T extends tf.Tensor>(x: T): T {
  return tf.add(tf.mul(tf.erf(tf.mul(x, Math.SQRT1_2)), 0.5), 0.5);
}

function derivative(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return tf.mul(dy, tf.add(cumulative(x), tf.mul(x, density)));
}
