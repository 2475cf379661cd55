import * as tf from '@tensorflow/tfjs-core';

/**
 * Every second pixel of labels or images, beginning with the first: the nearest neighbours at half the size. No gradient.
 *
 * @param x [B,H,W] or [B,H,W,C], any type
 * @returns the same with ⌈H/2⌉ and ⌈W/2⌉
 * @example
 * const halfLabels = everySecond(labels); // [B,448,448] → [B,224,224]
 */
export function everySecond<T extends tf.Tensor>(x: T): T {
  const [B, H, W] = x.shape as [number, number, number];
  return tf.stridedSlice(x, [0, 0, 0], [B, H, W], [1, 2, 2]) as T;
}
