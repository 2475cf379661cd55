import * as tf from '@tensorflow/tfjs-core';

/** Dilations of ToCo's refinement. */
export const defaultDilations: readonly number[] = [1, 2, 4, 8, 12, 24];

/** Steps to the 8 neighbors of a pixel, in (y, x). */
const directions = [
  [-1, -1],
  [-1, 0],
  [-1, 1],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 0],
  [1, 1],
] as const;

/** Offsets (y, x) in pixels of the 8 neighbors at a distance. */
export function neighborOffsets(dilation: number): [number, number][] {
  return directions.map(([y, x]) => [y * dilation, x * dilation]);
}

/**
 * Planes with `reach` pixels around them, each the nearest pixel of its plane, so that a neighbor of every pixel is one
 * slice.
 *
 * @param planes `[C,B,H,W]`
 * @returns `[C,B,H+2·reach,W+2·reach]`
 */
export function padded(planes: tf.Tensor4D, reach: number): tf.Tensor4D {
  return replicate(replicate(planes, 2, reach), 3, reach);
}

/**
 * The 8 neighbors of every pixel at a distance.
 *
 * @param around `[C,B,H+2·reach,W+2·reach]` of {@link padded}
 * @returns 8 × `[C,B,H,W]`, as in {@link neighborOffsets}
 */
export function neighbors(around: tf.Tensor4D, dilation: number, reach: number): tf.Tensor4D[] {
  const [C, B, height, width] = around.shape;
  const size = [C, B, height - 2 * reach, width - 2 * reach] as [number, number, number, number];
  return neighborOffsets(dilation).map(([y, x]) => tf.slice(around, [0, 0, reach + y, reach + x], size));
}

/** `x` with its first and last slice along an axis repeated `count` times. */
function replicate(x: tf.Tensor4D, axis: 2 | 3, count: number): tf.Tensor4D {
  const edge = (position: number) => {
    const begin = [0, 0, 0, 0] as [number, number, number, number];
    const size = x.shape.slice() as [number, number, number, number];
    const repeats = [1, 1, 1, 1];
    begin[axis] = position;
    size[axis] = 1;
    repeats[axis] = count;
    return tf.tile(tf.slice(x, begin, size), repeats);
  };
  return tf.concat([edge(0), x, edge(x.shape[axis] - 1)], axis);
}
