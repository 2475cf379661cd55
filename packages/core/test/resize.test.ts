import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { resize } from '../src/resize.js';
import type { Interpolation } from '../src/interpolation.js';
import { initBackend } from '@toco/runtime';
import { randomTensor } from '@toco/testing';
import fc from 'fast-check';

beforeAll(async () => {
  await initBackend();
});

const kinds: Interpolation[] = (['bilinear', 'bicubic'] as const).flatMap((method) =>
  [false, true].map((alignCorners) => ({ method, alignCorners })),
);

/** One value by the definition, in 64 bits: a double loop over the samples around it. */
function valueAt(
  image: (y: number, x: number) => number,
  [y, x]: [number, number],
  [H, W]: [number, number],
  method: string,
) {
  const kernel =
    method === 'bilinear'
      ? (t: number) => Math.max(0, 1 - Math.abs(t))
      : (t: number) => {
          const d = Math.abs(t);
          if (d >= 2) return 0;
          return d >= 1 ? -0.75 * d ** 3 + 3.75 * d ** 2 - 6 * d + 3 : 1.25 * d ** 3 - 2.25 * d ** 2 + 1;
        };
  let total = 0;
  for (let i = Math.floor(y) - 2; i <= y + 3; i++) {
    for (let j = Math.floor(x) - 2; j <= x + 3; j++) {
      const sample = image(Math.min(Math.max(i, 0), H - 1), Math.min(Math.max(j, 0), W - 1));
      total += kernel(y - i) * kernel(x - j) * sample;
    }
  }
  return total;
}

describe.each(kinds)('$method, alignCorners $alignCorners', (kind) => {
  test.each([
    [4, 5, 9, 7],
    [9, 7, 4, 5],
    [28, 28, 64, 48],
    [40, 30, 20, 15],
    [150, 3, 201, 3],
    [1, 4, 3, 1],
    [280, 2, 33, 5],
  ])('%i×%i → %i×%i follows the definition', async (H, W, h, w) => {
    const x = randomTensor([1, H, W, 1], 1);
    const values = await x.data();
    const actual = await resize(x, [h, w], kind).data();
    const place = (i: number, inputs: number, outputs: number) =>
      kind.alignCorners
        ? outputs === 1
          ? 0
          : (i * (inputs - 1)) / (outputs - 1)
        : ((i + 0.5) * inputs) / outputs - 0.5;
    let worst = 0;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const expected = valueAt(
          (y, x) => values[y * W + x]!,
          [place(i, H, h), place(j, W, w)],
          [H, W],
          kind.method,
        );
        worst = Math.max(worst, Math.abs(actual[i * w + j]! - expected));
      }
    }
    // Sums of up to 16 float32 products of values up to 1 (cubic weights up to 1.4 in sum of magnitudes).
    expect(worst).toBeLessThanOrEqual(2.4e-7);
  });

  const size = fc.integer({ min: 1, max: 40 });
  const seed = fc.integer({ min: 1, max: 1e6 });

  test('a constant stays constant', () => {
    fc.assert(
      fc.property(size, size, size, size, (H, W, h, w) => {
        const worst = tf.tidy(() => {
          const y = resize(tf.fill([1, H, W, 2], 0.7), [h, w], kind);
          return tf.max(tf.abs(tf.sub(y, 0.7))).dataSync()[0]!;
        });
        expect(worst).toBeLessThanOrEqual(3e-7);
      }),
      { numRuns: 25 },
    );
  });

  test('the gradient is the transposed map, and both are linear', () => {
    fc.assert(
      fc.property(size, size, size, size, seed, (H, W, h, w, s) => {
        tf.tidy(() => {
          const x = randomTensor([2, H, W, 3], s);
          const y = randomTensor([2, h, w, 3], s + 1);
          const f = (t: tf.Tensor) => resize(t, [h, w], kind);
          const transposed = tf.grad(f)(x, y);
          const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0]!;
          const norm = (a: tf.Tensor) => Math.sqrt(dot(a, a));
          const fx = f(x);
          expect(Math.abs(dot(fx, y) - dot(x, transposed))).toBeLessThan(3e-6 * norm(fx) * norm(y) + 1e-6);
          const z = randomTensor([2, H, W, 3], s + 2);
          const difference = tf.sub(f(tf.add(tf.mul(x, 2), z)), tf.add(tf.mul(fx, 2), f(z)));
          expect(tf.max(tf.abs(difference)).dataSync()[0]!).toBeLessThan(3e-6);
        });
      }),
      { numRuns: 15 },
    );
  });

  test('the same size is the same image in a tensor of its own', async () => {
    const x = randomTensor([1, 3, 4, 2], 1);
    const y = resize(x, [3, 4], kind);
    x.dispose();
    expect([...(await y.data())]).toEqual([...(await randomTensor([1, 3, 4, 2], 1).data())]);
  });
});

test('known values', async () => {
  const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const values = async (kind: Interpolation, n: number) => [...(await resize(x, [n, n], kind).data())];
  expect(await values({ method: 'bilinear', alignCorners: true }, 3)).toEqual([
    1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4,
  ]);
  expect(await values({ method: 'bilinear', alignCorners: false }, 4)).toEqual([
    1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4,
  ]);
});

test('a wrong size or rank is refused', () => {
  const kind = kinds[0]!;
  expect(() => resize(tf.zeros([2, 3]), [1, 1], kind)).toThrow(
    'resize: x has shape [2,3], expected [B,H,W,C]',
  );
  expect(() => resize(tf.zeros([1, 2, 2, 1]), [1.5, 2], kind)).toThrow('resize: size is [1.5,2]');
  expect(() => resize(tf.zeros([1, 2, 2, 1]), [0, 2], kind)).toThrow('resize: size is [0,2]');
});
