import * as tf from '@tensorflow/tfjs-core';
import { layerNorm, linear } from '@toco/core';
import type { NormParams } from './block.js';

/** Parameters of a step from one stage to the next: four tokens side by side become one of twice their length. */
export interface PatchMergingParams {
  /** `[4D]`. */
  readonly norm: NormParams;
  /** `[2D,4D]`; no bias. */
  readonly reduction: { readonly weight: tf.Tensor2D };
}

/**
 * Halves a token grid: each 2×2 tokens are put one after the other (column by column), normed and mapped to one. Odd
 * grids get a row or column of zeros.
 *
 * @param x `[B,h,w,D]`
 * @returns `[B,⌈h/2⌉,⌈w/2⌉,2D]`
 */
export function mergePatches(
  { norm, reduction }: PatchMergingParams,
  x: tf.Tensor4D,
  { layerNormEpsilon }: { readonly layerNormEpsilon: number },
): tf.Tensor4D {
  const [batch, height, width, depth] = x.shape;
  const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const border: [number, number][] = [
    [0, 0],
    [0, height % 2],
    [0, width % 2],
    [0, 0],
  ];
  const even = height % 2 === 0 && width % 2 === 0 ? x : tf.pad(x, border);
  const squares = tf.transpose(tf.reshape(even, [batch * h, 2, w, 2, depth]), [0, 2, 3, 1, 4]);
  const tokens = tf.reshape(squares, [batch, h, w, 4 * depth]);
  const normed = layerNorm(tokens, norm, { epsilon: layerNormEpsilon });
  return linear(normed, reduction.weight) as tf.Tensor4D;
}
