import type { HostTensor } from './host-tensor.js';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The same tree with a tensor in place of each array, and a new handle in place of each tensor; the caller disposes them.
 *
 * @example
 * const batch = uploadTree<Batch>(feed);
 */
export function uploadTree<T extends object>(tree: object): T {
  const entries = Object.entries(tree).map(([key, value]: [string, unknown]) => {
    if (value instanceof tf.Tensor) return [key, tf.clone(value)] as const;
    const { data, shape } = value as HostTensor;
    if (!ArrayBuffer.isView(data)) return [key, uploadTree(value as object)] as const;
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    return [key, tf.tensor(data as Float32Array, [...shape], dtype)] as const;
  });
  return Object.fromEntries(entries) as T;
}
