import * as tf from '@tensorflow/tfjs-core';

/**
 * Every n-th pixel of labels or images in both directions, beginning with the first: the nearest neighbors at 1/n of the size. No
 * gradient.
 *
 * By reshape and slice: `stridedSlice` of int32 and bool gives bit patterns on wasm.
 *
 * @param x [B,H,W] or [B,H,W,C], any type
 * @returns the same with ⌈H/n⌉ and ⌈W/n⌉
 * @example
 * const halfLabels = everyNth(labels, 2); // [B,448,448] → [B,224,224]
 */
export function everyNth<T extends tf.Tensor>(x: T, n: number): T {
  const [B, H, W, ...channels] = x.shape as [number, number, number, ...number[]];
  const C = channels.reduce((product, size) => product * size, 1);
  const [h, w] = [Math.ceil(H / n), Math.ceil(W / n)];
  return tf.tidy(() => {
    const pixels = padded(tf.reshape(x, [B, H, W, C]), [h * n, w * n]); // [B,n·h,n·w,C]
    const cells = tf.reshape(pixels, [B * h, n, w, n * C]); // [B·h, row of the cell, w, column of the cell · C]
    return tf.reshape(tf.slice(cells, [0, 0, 0, 0], [B * h, 1, w, C]), [B, h, w, ...channels]) as T;
  });
}

/** Last rows and columns that nobody looks at, where they are missing to whole cells. */
function padded(pixels: tf.Tensor4D, [height, width]: readonly [number, number]): tf.Tensor4D {
  const [, H, W] = pixels.shape;
  if (H === height && W === width) return pixels;
  const padding: [number, number][] = [
    [0, 0],
    [0, height - H],
    [0, width - W],
    [0, 0],
  ];
  return tf.pad(pixels, padding);
}
