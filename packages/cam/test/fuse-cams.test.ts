import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak } from '@toco/testing';
import { fuseCams } from '../src/fuse-cams.js';
import { multiScaleCams } from '../src/multi-scale-cams.js';
import { selectClasses } from '../src/select-classes.js';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(async () => {
  await initBackend();
});

const maps = (shape: [number, number, number, number], seed: number): tf.Tensor =>
  tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Value of a map at a continuous place, bilinear and half-pixel, borders repeated. */
function sample(map: number[][], y: number, x: number): number {
  const clamp = (i: number, size: number): number => Math.min(Math.max(i, 0), size - 1);
  const [y0, x0] = [Math.floor(y), Math.floor(x)];
  const at = (i: number, j: number): number => map[clamp(i, map.length)]![clamp(j, map[0]!.length)]!;
  const row = (i: number): number => at(i, x0) * (1 - (x - x0)) + at(i, x0 + 1) * (x - x0);
  return row(y0) * (1 - (y - y0)) + row(y0 + 1) * (y - y0);
}

/** The definition, pixel by pixel, for one image and one class. */
function plainFuse(scales: [number[][], number[][]][], height: number, width: number): number[][] {
  const sum = Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) =>
      scales.reduce((total, [cam, mirrored]) => {
        const y = ((i + 0.5) * cam.length) / height - 0.5;
        const x = (at: number): number => ((at + 0.5) * cam[0]!.length) / width - 0.5;
        return total + Math.max(0, sample(cam, y, x(j)), sample(mirrored, y, x(width - 1 - j)));
      }, 0),
    ),
  );
  const least = Math.min(...sum.flat());
  const most = Math.max(...sum.flat()) - least;
  return sum.map((row) => row.map((value) => (value - least) / (most + 1e-5)));
}

const plane = async (map: tf.Tensor, b: number, c: number): Promise<number[][]> =>
  (await tf.squeeze(tf.slice(map, [b, 0, 0, c], [1, -1, -1, 1]), [0, 3]).array()) as number[][];

describe.each([
  [1, [8, 8], [[2, 2]], 1],
  [
    2,
    [12, 20],
    [
      [3, 5],
      [2, 3],
      [5, 8],
    ],
    3,
  ],
] as const)('%d images of %j, grids %j, %d classes', (batch, [height, width], grids, classes) => {
  test('equals the definition', async () => {
    const scales = grids.map(([h, w], i) => ({
      cam: maps([batch, h, w, classes], 2 * i),
      mirrored: maps([batch, h, w, classes], 2 * i + 1),
    }));
    const fused = fuseCams(scales, [height, width]);
    for (let b = 0; b < batch; b++)
      for (let c = 0; c < classes; c++) {
        const pairs = await Promise.all(
          scales.map(async ({ cam, mirrored }): Promise<[number[][], number[][]]> => [
            await plane(cam, b, c),
            await plane(mirrored, b, c),
          ]),
        );
        await expectClose(
          tf.tensor2d(await plane(fused, b, c)),
          tf.tensor2d(plainFuse(pairs, height, width)),
          { relative: 1e-5 },
        );
      }
  });
});

/** Stand-in for a network: two linear maps of 4 × 4 patches. */
const forward = (images: tf.Tensor4D): { cam: tf.Tensor; camAux: tf.Tensor } => {
  const pooled = tf.avgPool(images, 4, 4, 'valid');
  const linear = (seed: number): tf.Tensor =>
    tf.conv2d(pooled, tf.randomNormal<tf.Rank.R4>([1, 1, 3, 4], 0, 1, 'float32', seed), 1, 'valid');
  return { cam: linear(1), camAux: linear(2) };
};
const images = (): tf.Tensor4D => maps([2, 16, 24, 3], 5) as tf.Tensor4D;

test('mirrored images give mirrored CAMs', async () => {
  const plain = multiScaleCams(forward, images(), { stride: 4 });
  const mirrored = multiScaleCams(forward, tf.reverse(images(), 2), { stride: 4 });
  await expectClose(tf.reverse(mirrored.cam, 2), plain.cam, { relative: 1e-5 });
  await expectClose(tf.reverse(mirrored.camAux, 2), plain.camAux, { relative: 1e-5 });
});

test('each scale is the resized image, seen as it is and flipped', async () => {
  const scales = [1, 0.5, 1.5].map((scale) => {
    const resized = tf.image.resizeBilinear(images(), [16 * scale, 24 * scale], false, true);
    return { cam: forward(resized).cam, mirrored: forward(tf.reverse(resized, 2)).cam };
  });
  await expectClose(multiScaleCams(forward, images(), { stride: 4 }).cam, fuseCams(scales, [16, 24]), {
    relative: 1e-5,
  });
});

test('known CAMs of the main view save one forward pass and change nothing', async () => {
  let seen = 0;
  const counting = (x: tf.Tensor4D): ReturnType<typeof forward> => {
    seen += x.shape[0];
    return forward(x);
  };
  const main = forward(images());
  const saved = multiScaleCams(counting, images(), { stride: 4, main });
  expect(seen).toBe(2 + 4 + 4);
  const full = multiScaleCams(forward, images(), { stride: 4 });
  await expectClose(saved.cam, full.cam, { relative: 1e-6 });
  await expectClose(saved.camAux, full.camAux, { relative: 1e-6 });
  expect(main.cam.isDisposed).toBe(false);
});

test('selected classes are the same planes of the full result', async () => {
  const classes = tf.tensor2d(
    [
      [1, 3, -1],
      [0, 2, 3],
    ],
    [2, 3],
    'int32',
  );
  const few = multiScaleCams(forward, images(), { stride: 4, classes });
  expect(few.cam.shape).toEqual([2, 16, 24, 3]);
  const full = multiScaleCams(forward, images(), { stride: 4 });
  const mask = tf.tensor4d([1, 1, 0, 1, 1, 1], [2, 1, 1, 3]);
  await expectClose(tf.mul(few.cam, mask), tf.mul(selectClasses(full.cam, classes), mask), {
    relative: 1e-6,
  });
  await expectClose(
    tf.slice(few.camAux, [0, 0, 0, 1], [1, -1, -1, 1]),
    tf.slice(full.camAux, [0, 0, 0, 3], [1, -1, -1, 1]),
    { relative: 1e-6 },
  );
});

describe('a scaled size that is no multiple of the patch', () => {
  // The brightness of 16 × 16 patches, of which the last are left out where they are not whole: a spot stays where it is.
  const brightness = (x: tf.Tensor4D): { cam: tf.Tensor; camAux: tf.Tensor } => {
    const cam = tf.avgPool(x, 16, 16, 'valid');
    return { cam, camAux: tf.neg(cam) };
  };

  /** How far the middle of the CAM's spot lies from that of the picture's, in pixels along both axes. */
  async function shift(side: number, options: { scales: number[]; oddSizes: 'corrected' | 'reference' }) {
    const center = side - 72.5;
    const spot = tf.tidy(() => {
      const at = tf.exp(tf.neg(tf.square(tf.div(tf.sub(tf.range(0, side), center), 20))));
      return tf.tile(tf.mul(tf.reshape(at, [1, side, 1, 1]), tf.reshape(at, [1, 1, side, 1])), [1, 1, 1, 3]);
    });
    const { cam } = multiScaleCams(brightness, spot, { stride: 16, ...options });
    const plane = tf.slice(cam, [0, 0, 0, 0], [1, side, side, 1]);
    return Promise.all(
      [2, 1].map(async (axis) => {
        const line = Array.from(await tf.sum(plane, [0, 3, axis]).data());
        const total = line.reduce((sum, value) => sum + value, 0);
        return Math.abs(line.reduce((sum, value, i) => sum + i * value, 0) / total - center);
      }),
    );
  }

  test.each([
    // Crop sizes of training, and a native size. The mirrored twin is shifted the other way, so its half is what is seen here.
    { side: 240, scale: 0.5, apart: 3 },
    { side: 336, scale: 0.5, apart: 4 },
    { side: 336, scale: 1.5, apart: 1.2 },
    { side: 367, scale: 1, apart: 4 },
  ])('$side at scale $scale: lies where the picture is', async ({ side, scale, apart }) => {
    const corrected = await shift(side, { scales: [scale], oddSizes: 'corrected' });
    for (const pixels of corrected) expect(pixels).toBeLessThanOrEqual(0.5);
    const reference = await shift(side, { scales: [scale], oddSizes: 'reference' });
    for (const pixels of reference) expect(pixels).toBeGreaterThan(apart);
  });

  test('a main view that is no multiple is not taken for scale 1', () => {
    const x = tf.ones<tf.Rank.R4>([1, 20, 20, 3]);
    let seen = 0;
    multiScaleCams((y) => ((seen += y.shape[0]), brightness(y)), x, {
      ...{ stride: 16, scales: [1], main: brightness(x) },
    });
    expect(seen).toBe(2);
  });
});

test('leaves nothing behind', async () => {
  const x = images();
  const main = forward(x);
  const classes = tf.tensor2d(
    [
      [1, -1],
      [0, 2],
    ],
    [2, 2],
    'int32',
  );
  await expectNoLeak(() => tf.tidy(() => multiScaleCams(forward, x, { stride: 4 })));
  await expectNoLeak(() => multiScaleCams((y) => tf.tidy(() => forward(y)), x, { stride: 4, main, classes }));
});

test('says that a scale is missing', () => {
  expect(() => fuseCams([], [4, 4])).toThrow(/no scale given/);
});
