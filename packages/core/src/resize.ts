import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { customGradient } from './custom-gradient.js';
import { interpolationMatrix, type Interpolation } from './interpolation.js';

/**
 * Images or maps at another size, as two products with interpolation matrices; the gradient is exact everywhere.
 *
 * Sample i of the result lies at (i + ½)·in/out − ½ of the input, or at i·(in − 1)/(out − 1) with `alignCorners`.
 *
 * @param x [B,H,W,C]
 * @param size [h,w]
 * @returns [B,h,w,C]
 * @example
 * const logits448 = resize(logits, [448, 448], { method: 'bilinear', alignCorners: false });
 */
export function resize(
  x: tf.Tensor,
  [h, w]: readonly [number, number],
  interpolation: Interpolation,
): tf.Tensor4D {
  const { H, W } = assertShape('resize: x', x, ['B', 'H', 'W', 'C']);
  if (!(h >= 1 && w >= 1 && Number.isInteger(h) && Number.isInteger(w))) {
    throw new Error(`resize: size is [${h},${w}], expected two positive whole numbers`);
  }
  const rowsFirst = h * W * (H + w) <= w * H * (W + h); // multiplications of either order, per channel
  const apply = (tensor: tf.Tensor, transposed: boolean): tf.Tensor4D => {
    const steps = [
      (t: tf.Tensor) => (h === H ? t : resizeRows(t, H, h, interpolation, transposed)),
      (t: tf.Tensor) => (w === W ? t : resizeColumns(t, W, w, interpolation, transposed)),
    ];
    if (rowsFirst === transposed) steps.reverse();
    const result = steps.reduce((t, step) => step(t), tensor);
    return (result === tensor ? tf.clone(tensor) : result) as tf.Tensor4D;
  };
  return customGradient(
    [x],
    () => apply(x, false),
    (dy) => [apply(dy, true)],
  );
}

function matrixOf(inputs: number, outputs: number, interpolation: Interpolation): tf.Tensor3D {
  return tf.tensor3d(interpolationMatrix(inputs, outputs, interpolation), [1, outputs, inputs]);
}

function resizeRows(
  x: tf.Tensor,
  inputs: number,
  outputs: number,
  interpolation: Interpolation,
  transposed: boolean,
): tf.Tensor {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const matrix = matrixOf(inputs, outputs, interpolation);
  const product = tf.matMul(matrix, tf.reshape(x, [B, H, W * C]), transposed); // [B, rows, W·C]
  return tf.reshape(product, [B, transposed ? inputs : outputs, W, C]);
}

function resizeColumns(
  x: tf.Tensor,
  inputs: number,
  outputs: number,
  interpolation: Interpolation,
  transposed: boolean,
): tf.Tensor {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const matrix = matrixOf(inputs, outputs, interpolation);
  const product = tf.matMul(matrix, tf.reshape(x, [B * H, W, C]), transposed); // [B·H, columns, C]
  return tf.reshape(product, [B, H, transposed ? inputs : outputs, C]);
}
