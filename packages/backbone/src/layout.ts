import * as tf from '@tensorflow/tfjs-core';

/**
 * How a parameter lies in a checkpoint (PyTorch) compared with memory:
 * - `same`: alike;
 * - `convolution`: `[out,in,kh,kw]` in the file, `[kh,kw,in,out]` in memory;
 * - `pointwise`: a 1×1 convolution `[out,in,1,1]` in the file, a linear map `[out,in]` in memory.
 */
export type Layout = 'same' | 'convolution' | 'pointwise';

/** The rule where none is given: arrays with four axes are convolution filters. */
export function defaultLayout(_path: string, shape: readonly number[]): Layout {
  return shape.length === 4 ? 'convolution' : 'same';
}

/** Shape in the file of a parameter with the given shape in memory. */
export function storedShape(layout: Layout, shape: readonly number[]): number[] {
  if (layout === 'pointwise') return [...shape, 1, 1];
  if (layout === 'convolution') return [3, 2, 0, 1].map((axis) => shape[axis]!);
  return [...shape];
}

/** A parameter as in memory from one as in the file; a new tensor. Inverse of {@link toStored}. */
export function fromStored(layout: Layout, stored: tf.Tensor): tf.Tensor {
  if (layout === 'pointwise') return tf.reshape(stored, stored.shape.slice(0, 2));
  return layout === 'convolution' ? tf.transpose(stored, [2, 3, 1, 0]) : tf.clone(stored);
}

/** A parameter as in the file from one as in memory; a new tensor. Inverse of {@link fromStored}. */
export function toStored(layout: Layout, parameter: tf.Tensor): tf.Tensor {
  if (layout === 'pointwise') return tf.reshape(parameter, storedShape(layout, parameter.shape));
  return layout === 'convolution' ? tf.transpose(parameter, [3, 2, 0, 1]) : tf.clone(parameter);
}
