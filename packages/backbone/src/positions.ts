import * as tf from '@tensorflow/tfjs-core';
import { resize } from '@toco/core';
import { antialiasedResize } from './antialiased-resize.js';
import type { Grid } from './backbone.js';

/** What a position embedding holds, and how it is brought to another grid. */
export interface PositionOptions {
  /** Whether the class token has a position, before those of the patches. */
  readonly classPosition: boolean;
  /**
   * `bicubic`: interpolated with a = −0.75, as ToCo and the first vision transformers do; `antialiased`: a = −0.5 and
   * filtered when shrinking, as timm does; `bilinear`, as ToCo's paper says. All half-pixel.
   */
  readonly resizing: 'bicubic' | 'antialiased' | 'bilinear';
}

/**
 * Position embedding for another token grid: the patches' part is resized, the class token's is kept.
 *
 * @param positions `[1,h·w,D]`, or `[1,1+h·w,D]` with the class token's in front
 * @returns the same for `h'·w'`
 */
export function resizePositions(
  positions: tf.Tensor3D,
  { from, to }: { readonly from: Grid; readonly to: Grid },
  { classPosition, resizing }: PositionOptions,
): tf.Tensor3D {
  if (from[0] === to[0] && from[1] === to[1]) return tf.clone(positions);
  return tf.tidy(() => {
    const width = positions.shape[2];
    const patches = classPosition ? tf.slice(positions, [0, 1, 0]) : positions;
    const map = tf.reshape(patches, [1, from[0], from[1], width]) as tf.Tensor4D;
    const resized =
      resizing === 'antialiased'
        ? antialiasedResize(tf.reshape(map, [from[0], from[1], width]), to)
        : resize(map, to, { method: resizing, alignCorners: false });
    const flat = tf.reshape(resized, [1, to[0] * to[1], width]) as tf.Tensor3D;
    return classPosition ? tf.concat([tf.slice(positions, [0, 0, 0], [1, 1, width]), flat], 1) : flat;
  });
}

/**
 * Stored positions of another (square) grid made to fit a backbone's own; `undefined` where the stored ones are none.
 *
 * @param stored `[1,n²,D]`, or `[1,1+n²,D]` with the class token's in front
 * @param shape wanted shape
 */
export function adaptPositions(
  stored: tf.Tensor,
  { shape, grid }: { readonly shape: readonly number[]; readonly grid: Grid },
  options: PositionOptions,
): tf.Tensor | undefined {
  const [one, count = 0, width] = stored.shape;
  const side = Math.sqrt(count - (options.classPosition ? 1 : 0));
  if (stored.rank !== 3 || one !== 1 || width !== shape[2] || !Number.isInteger(side)) return undefined;
  return resizePositions(stored as tf.Tensor3D, { from: [side, side], to: grid }, options);
}
