import type { HostTensor } from '@toco/graph';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../step/batch.js';
import type { BatchFeed } from './feed-batch.js';

/** The arrays of a batch as tensors, for a step that runs eagerly; the caller disposes them. */
export function feedTensors(feed: BatchFeed): Batch {
  return uploadTree(feed) as Batch;
}

/** The same tree with a tensor in place of each array, and a new handle in place of each tensor. */
export function uploadTree(tree: object): object {
  const entries = Object.entries(tree).map(([key, value]: [string, unknown]) => {
    if (value instanceof tf.Tensor) return [key, tf.clone(value)] as const;
    const { data, shape } = value as HostTensor;
    if (!ArrayBuffer.isView(data)) return [key, uploadTree(value as object)] as const;
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    return [key, tf.tensor(data as Float32Array, [...shape], dtype)] as const;
  });
  return Object.fromEntries(entries) as object;
}
