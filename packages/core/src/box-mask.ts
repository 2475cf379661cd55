import * as tf from '@tensorflow/tfjs-core';

/** What counts as inside a box: cell i covers pixels `i·every … i·every + cell − 1` and must lie inside with all of them. */
interface BoxMaskOptions {
  /** Height and width of a cell in the box's pixels; 1 for a mask of pixels. */
  readonly cell?: readonly [number, number];
  /** Pixels from one cell to the next, in both directions, where that isn't the cell's size: 2 for every second pixel. */
  readonly every?: number;
}

/**
 * Where the cells of a grid lie wholly inside each image's box.
 *
 * @param imgBox `[B,4]`, `[y0,y1,x0,x1]` in pixels, ends excluded.
 * @param grid `[h,w]`, cells.
 * @returns `[B,h,w]`, bool.
 */
export function boxMask(
  imgBox: tf.Tensor,
  [h, w]: readonly [number, number],
  { cell: [cellHeight, cellWidth] = [1, 1], every }: BoxMaskOptions = {},
): tf.Tensor3D {
  return tf.tidy(() => {
    const [y0, y1, x0, x1] = tf
      .split(tf.cast(imgBox, 'int32'), 4, 1)
      .map((edge) => tf.reshape(edge, [-1, 1, 1])) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const inside = (
      count: number,
      cell: number,
      from: tf.Tensor,
      to: tf.Tensor,
      shape: number[],
    ): tf.Tensor => {
      const step = every ?? cell;
      const start = tf.reshape(tf.range(0, count * step, step, 'int32'), shape);
      const end = tf.add(start, tf.scalar(cell, 'int32'));
      return tf.logicalAnd(tf.greaterEqual(start, from), tf.lessEqual(end, to));
    };
    return tf.logicalAnd(inside(h, cellHeight, y0, y1, [1, h, 1]), inside(w, cellWidth, x0, x1, [1, 1, w]));
  });
}
