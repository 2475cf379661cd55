import * as tf from '@tensorflow/tfjs-core';

/**
 * Every second pixel of labels or images, beginning with the first: the nearest neighbours at half the size. No gradient.
 *
 * By reshape and slice: `stridedSlice` of int32 and bool gives bit patterns on wasm.
 *
 * @param x [B,H,W] or [B,H,W,C], any type
 * @returns the same with ⌈H/2⌉ and ⌈W/2⌉
 * @example
 * const halfLabels = everySecond(labels); // [B,448,448] → [B,224,224]
 */
export function everySecond<T extends tf.Tensor>(x: T): T {
  const [B, H, W, ...channels] = x.shape as [number, number, number, ...number[]];
  const C = channels.reduce((product, size) => product * size, 1);
  const [h, w] = [Math.ceil(H / 2), Math.ceil(W / 2)];
  return tf.tidy(() => {
    const pixels = evenSides(tf.reshape(x, [B, H, W, C])); // [B,2h,2w,C]
    const pairs = tf.reshape(pixels, [B * h, 2, w, 2 * C]); // [B·h, row of the pair, w, column of the pair · C]
    return tf.reshape(tf.slice(pairs, [0, 0, 0, 0], [B * h, 1, w, C]), [B, h, w, ...channels]) as T;
  });
}

/** An odd side gets a last row or column that nobody looks at. */
function evenSides(pixels: tf.Tensor4D): tf.Tensor4D {
  const [, H, W] = pixels.shape;
  if (H % 2 === 0 && W % 2 === 0) return pixels;
  const padding: [number, number][] = [
    [0, 0],
    [0, H % 2],
    [0, W % 2],
    [0, 0],
  ];
  return tf.pad(pixels, padding);
}
