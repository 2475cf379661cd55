import { beforeAll, expect, test } from '@jest/globals';
import type * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { expectClose, randomTensor } from '@toco/testing';
import { windowMask } from '../src/window-mask.js';
import { fromWindows, toWindows, windowLayout } from '../src/windows.js';

beforeAll(async () => {
  await initBackend();
});

const layouts = [
  { grid: [8, 8], window: 4, shifted: true },
  { grid: [6, 3], window: 4, shifted: true },
  { grid: [7, 9], window: 3, shifted: true },
  { grid: [9, 6], window: 3, shifted: false },
  { grid: [5, 2], window: 4, shifted: false },
] as const;

test.each(layouts)('windows of $window on $grid, shifted $shifted, come together again', async (given) => {
  const layout = windowLayout(given.grid, given.window, given.shifted);
  const x = randomTensor([2, ...given.grid, 3], 1) as tf.Tensor4D;
  const windows = toWindows(x, layout);
  const [rows, columns] = layout.padded.map((count) => count / given.window) as [number, number];
  expect(windows.shape).toEqual([2 * rows * columns, given.window ** 2, 3]);
  await expectClose(fromWindows(windows, layout), x, { absolute: 0 });
});

/** Row (or column) of the padded grid that lies at a place of the rolled one. */
const origin = (place: number, shift: number, length: number): number => (place + shift) % length;

test.each(layouts.flatMap((layout) => [true, false].map((maskPadding) => ({ ...layout, maskPadding }))))(
  'mask of windows of $window on $grid, shifted $shifted, padding masked $maskPadding: each pair looked at alone',
  async ({ grid, window, shifted, maskPadding }) => {
    const layout = windowLayout(grid, window, shifted);
    const { padded, shift } = layout;
    const area = window * window;
    const [rows, columns] = padded.map((count) => count / window) as [number, number];
    const mask = windowMask(layout, maskPadding);
    const values = mask ? await mask.data() : new Float32Array(rows * columns * area * area);
    expect(mask?.shape ?? null).toEqual(mask ? [rows * columns, 1, area, area] : null);
    const locate = (at: number, token: number): { y: number; x: number; real: boolean } => {
      const [i, j] = [Math.floor(token / window), token % window];
      const y = origin(Math.floor(at / columns) * window + i, shift[0], padded[0]);
      const x = origin((at % columns) * window + j, shift[1], padded[1]);
      return { y: y - i, x: x - j, real: y < grid[0] && x < grid[1] };
    };
    for (let at = 0; at < rows * columns; at++) {
      for (let a = 0; a < area; a++) {
        const one = locate(at, a);
        if (!one.real) continue; // what padding attends to is dropped
        for (let b = 0; b < area; b++) {
          const other = locate(at, b);
          const neighbors = one.y === other.y && one.x === other.x;
          const seen = neighbors && (other.real || !maskPadding);
          expect([at, a, b, values[(at * area + a) * area + b]! + 0]).toEqual([at, a, b, seen ? 0 : -100]);
        }
      }
    }
  },
);
