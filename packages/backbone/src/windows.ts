import * as tf from '@tensorflow/tfjs-core';
import type { Grid } from './backbone.js';

/** Where the windows of a shifted-window attention lie on a token grid. */
export interface WindowLayout {
  /** The token grid. */
  readonly grid: Grid;
  /** Tokens along a window's side. */
  readonly window: number;
  /** The grid with the rows and columns that fill the last windows, multiples of `window`. */
  readonly padded: Grid;
  /** How far the padded grid is rolled up and to the left; 0 in a direction that one window covers. */
  readonly shift: Grid;
}

/** The layout on a grid, with windows shifted by half their side if asked for. */
export function windowLayout(grid: Grid, window: number, shifted: boolean): WindowLayout {
  const [h, w] = grid;
  const fill = (count: number): number => Math.ceil(count / window) * window;
  const roll = (count: number): number => (shifted && count > window ? Math.floor(window / 2) : 0);
  return { grid, window, padded: [fill(h), fill(w)], shift: [roll(fill(h)), roll(fill(w))] };
}

/**
 * Cuts a token grid into windows: zeros are added below and to the right until the windows fit, then the whole is rolled.
 *
 * @param x `[B,h,w,D]`
 * @returns `[B·windows,window²,D]`, windows row by row
 */
export function toWindows(
  x: tf.Tensor4D,
  { grid: [h, w], window, padded, shift }: WindowLayout,
): tf.Tensor3D {
  const [batch, , , depth] = x.shape;
  const [height, width] = padded;
  const border: [number, number][] = [
    [0, 0],
    [0, height - h],
    [0, width - w],
    [0, 0],
  ];
  const filled = height === h && width === w ? x : tf.pad(x, border);
  const rolled = roll(roll(filled, 1, shift[0]), 2, shift[1]);
  const rows = tf.reshape(rolled, [(batch * height) / window, window, width / window, window * depth]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [-1, window * window, depth]);
}

/**
 * Puts windows together again: the inverse of {@link toWindows}.
 *
 * @param windows `[B·windows,window²,D]`
 * @returns `[B,h,w,D]`
 */
export function fromWindows(
  windows: tf.Tensor3D,
  { grid: [h, w], window, padded: [height, width], shift }: WindowLayout,
): tf.Tensor4D {
  const depth = windows.shape[2];
  const rows = tf.transpose(tf.reshape(windows, [-1, width / window, window, window * depth]), [0, 2, 1, 3]);
  const rolled = tf.reshape(rows, [-1, height, width, depth]) as tf.Tensor4D;
  const filled = roll(roll(rolled, 1, height - shift[0]), 2, width - shift[1]);
  return height === h && width === w ? filled : tf.slice(filled, [0, 0, 0, 0], [-1, h, w, depth]);
}

/** `x` moved cyclically by `distance` toward the beginning of an axis. */
function roll(x: tf.Tensor4D, axis: 1 | 2, distance: number): tf.Tensor4D {
  const length = x.shape[axis];
  if (distance % length === 0) return x;
  const part = (begin: number, size: number): tf.Tensor4D =>
    axis === 1
      ? tf.slice(x, [0, begin, 0, 0], [-1, size, -1, -1])
      : tf.slice(x, [0, 0, begin, 0], [-1, -1, size, -1]);
  return tf.concat([part(distance, length - distance), part(0, distance)], axis);
}
