import * as tf from '@tensorflow/tfjs-core';
import { resize } from '@toco/core';
import type { Grid } from './backbone.js';

/**
 * Position embedding for another token grid: the patches' part is resized bicubically (a = −0.75, half-pixel), the class
 * token's is kept.
 *
 * @param positions `[1,1+h·w,D]`, class token first
 * @returns `[1,1+h'·w',D]`
 */
export function resizePositions(positions: tf.Tensor3D, from: Grid, to: Grid): tf.Tensor3D {
  if (from[0] === to[0] && from[1] === to[1]) return tf.clone(positions);
  return tf.tidy(() => {
    const [, count, width] = positions.shape;
    const classPosition = tf.slice(positions, [0, 0, 0], [1, 1, width]);
    const patches = tf.slice(positions, [0, 1, 0], [1, count - 1, width]);
    const resized = resize(tf.reshape(patches, [1, from[0], from[1], width]), [to[0], to[1]], {
      method: 'bicubic',
      alignCorners: false,
    });
    return tf.concat([classPosition, tf.reshape(resized, [1, to[0] * to[1], width])], 1);
  });
}

/**
 * Stored positions of another (square) grid made to fit a backbone's own; `undefined` where the stored ones are none.
 *
 * @param stored `[1,1+n²,D]`
 * @param shape wanted shape `[1,1+h·w,D]`
 */
export function adaptPositions(
  stored: tf.Tensor,
  shape: readonly number[],
  grid: Grid,
): tf.Tensor | undefined {
  const [one, count = 0, width] = stored.shape;
  const side = Math.sqrt(count - 1);
  if (stored.rank !== 3 || one !== 1 || width !== shape[2] || !Number.isInteger(side)) return undefined;
  return resizePositions(stored as tf.Tensor3D, [side, side], grid);
}
