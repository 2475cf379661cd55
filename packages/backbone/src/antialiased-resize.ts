import * as tf from '@tensorflow/tfjs-core';
import type { Grid } from './backbone.js';

/**
 * A map at another size by bicubic interpolation that filters when shrinking: PyTorch's with `antialias`, half-pixel,
 * a = −0.5. Two products with matrices computed on the host.
 *
 * @param x `[H,W,D]`
 * @returns `[h,w,D]`
 */
export function antialiasedResize(x: tf.Tensor3D, [h, w]: Grid): tf.Tensor3D {
  const [height, width, depth] = x.shape;
  const rows = tf.matMul(weights(height, h), tf.reshape(x, [height, width * depth]));
  const upright = tf.transpose(tf.reshape(rows, [h, width, depth]), [1, 0, 2]);
  const columns = tf.matMul(weights(width, w), tf.reshape(upright, [width, h * depth]));
  return tf.transpose(tf.reshape(columns, [w, h, depth]), [1, 0, 2]);
}

/** The matrix `[outputs,inputs]` of one direction; its rows sum to 1. */
function weights(inputs: number, outputs: number): tf.Tensor2D {
  const step = inputs / outputs;
  const width = Math.max(step, 1); // the kernel is widened when shrinking
  const matrix = new Float32Array(outputs * inputs);
  for (let i = 0; i < outputs; i++) {
    const center = (i + 0.5) * step;
    const first = Math.max(Math.floor(center - 2 * width + 0.5), 0);
    const end = Math.min(Math.floor(center + 2 * width + 0.5), inputs);
    const row = Array.from({ length: end - first }, (_, j) => cubic((first + j - center + 0.5) / width));
    const total = row.reduce((sum, weight) => sum + weight, 0);
    row.forEach((weight, j) => (matrix[i * inputs + first + j] = weight / total));
  }
  return tf.tensor2d(matrix, [outputs, inputs]);
}

/** Cubic convolution kernel with a = −0.5, the one that filters use; PyTorch's without filter has a = −0.75. */
function cubic(t: number): number {
  const d = Math.abs(t);
  if (d >= 2) return 0;
  return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2;
}
