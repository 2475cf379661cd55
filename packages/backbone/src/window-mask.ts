import * as tf from '@tensorflow/tfjs-core';
import { withoutGradient } from '@toco/core';
import { toWindows, type WindowLayout } from './windows.js';

/** What is added to the score of two tokens that must not see each other (Swin Transformer). */
const APART = -100;

/**
 * Keeps tokens apart that rolling has brought into one window without being neighbors; with `maskPadding` also tokens and
 * padding. `undefined` where nothing is to be kept apart.
 *
 * Only the regions of rows and columns are constants, a few numbers each; the mask itself, window⁴ values for each of the
 * windows, is computed from them where it is needed.
 *
 * @returns `[windows,1,window²,window²]`: 0, or −100 for a pair from different regions
 */
export function windowMask(layout: WindowLayout, maskPadding: boolean): tf.Tensor4D | undefined {
  const [rows, columns] = [regions(layout, 0, maskPadding), regions(layout, 1, maskPadding)];
  if ([rows, columns].every((ids) => new Set(ids).size === 1)) return undefined;
  return withoutGradient(() => {
    const { window, padded } = layout;
    const [height, width] = padded;
    const region = tf.add(
      tf.tensor4d(
        rows.map((id) => REGIONS * id),
        [1, height, 1, 1],
      ),
      tf.tensor4d(columns, [1, 1, width, 1]),
    );
    // The regions are those of the rolled grid already.
    const windows = toWindows(region as tf.Tensor4D, { grid: padded, window, padded, shift: [0, 0] });
    const area = window * window;
    const different = tf.notEqual(
      tf.reshape(windows, [-1, 1, 1, area]),
      tf.reshape(windows, [-1, 1, area, 1]),
    );
    return tf.mul<tf.Tensor4D>(tf.cast(different, 'float32'), APART);
  });
}

/** Number of different values of {@link regions}. */
const REGIONS = 3;

/**
 * Region of each row (or column) of the rolled grid: 0 before the seam, 1 behind it, 2 padding.
 *
 * The seam lies in the last window, where the rows that were rolled out at the other end begin.
 */
function regions({ grid, padded, shift }: WindowLayout, axis: 0 | 1, maskPadding: boolean): number[] {
  const [length, seam] = [padded[axis], padded[axis] - shift[axis]];
  return Array.from({ length }, (_, i) => {
    const original = (i + shift[axis]) % length;
    if (maskPadding && original >= grid[axis]) return 2;
    return i >= seam ? 1 : 0;
  });
}
