import * as tf from '@tensorflow/tfjs-core';

/** Dilations of ToCo's refinement. */
export const defaultDilations: readonly number[] = [1, 2, 4, 8, 12, 24];

/** Steps to the 8 neighbours of a pixel, in (y, x). */
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

/** Offsets (y, x) in pixels of all neighbours: the 8 of the first dilation, then those of the second, … */
export function neighbourOffsets(dilations: readonly number[]): [number, number][] {
  return dilations.flatMap((r) => directions.map(([y, x]): [number, number] => [y * r, x * r]));
}

/**
 * The neighbour of every pixel at an offset, as a function of the offset; beyond the border the nearest pixel counts.
 * The map is padded once, so that each neighbour is one slice.
 *
 * @param x `[B,H,W,C]`
 */
export function neighboursOf(
  x: tf.Tensor4D,
  dilations: readonly number[],
): (offset: readonly [number, number]) => tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  const reach = Math.max(...dilations);
  const padded = replicate(replicate(x, 1, reach), 2, reach); // [B, H+2·reach, W+2·reach, C]
  return ([dy, dx]) => tf.slice(padded, [0, reach + dy, reach + dx, 0], [B, H, W, C]);
}

/** `x` with its first and last slice along an axis repeated `count` times. */
function replicate(x: tf.Tensor4D, axis: 1 | 2, count: number): tf.Tensor4D {
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
