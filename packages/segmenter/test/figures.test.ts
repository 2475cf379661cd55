import { beforeAll, describe, expect, test } from '@jest/globals';
import { cropFlags, eligibleCenters, regionMask } from '@toco/cam';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { attentionMap } from '../src/figures/attention-map.js';
import { drawnCrops } from '../src/figures/drawn-crops.js';
import { errorColors, errorOverlay } from '../src/overlays/error-overlay.js';

beforeAll(() => initBackend());

describe('drawnCrops', () => {
  const [height, width] = [40, 60];
  /** An object in the right third, background to its left. */
  const camAux = {
    ...{ height, width, channels: 1 },
    data: Float32Array.from({ length: height * width }, (_, i) => (i % width >= 40 ? 0.9 : 0.05)),
  };
  const noise = Float32Array.from({ length: height * width }, (_, i) => ((i * 7919) % 2400) / 2400);
  const options = {
    low: 0.25,
    high: 0.7,
    side: 12,
    count: 6,
    threshold: 0.2,
    behavior: 'corrected',
    noise,
  } as const;

  test('are those of a training step, with their signs', async () => {
    const crops = await drawnCrops(camAux, options);
    expect(crops).toHaveLength(6);
    for (const { y, x, side, positive } of crops) {
      expect([y >= 0, x >= 0, y + side <= height, x + side <= width, side]).toEqual([
        true,
        true,
        true,
        true,
        12,
      ]);
      // its center lies outside of the object, where training draws it
      expect(x + side / 2).toBeLessThan(40);
      let sum = 0;
      for (let row = y; row < y + side; row++)
        for (let column = x; column < x + side; column++) sum += column >= 40 ? 2 : 0;
      expect(positive).toBe(sum / side ** 2 > 0.2);
    }
    const box = tf.tensor2d([[0, height, 0, width]], [1, 4], 'int32');
    const region = regionMask(tf.tensor4d(camAux.data, [1, height, width, 1]), tf.ones([1, 1]), options);
    const eligible = await eligibleCenters(region, box, {
      cropSize: 12,
      numCrops: 6,
      behavior: 'corrected',
    }).data();
    for (const { y, x } of crops) expect(eligible[(y + 6) * width + x + 6]).toBeTruthy();
    const origins = tf.tensor3d(
      crops.flatMap(({ y, x }) => [y, x]),
      [1, 6, 2],
      'int32',
    );
    const flags = cropFlags(
      region,
      { origins, imgBox: box },
      { cropSize: 12, threshold: 0.2, behavior: 'corrected' },
    );
    expect(Array.from(await flags.data()).slice(2)).toEqual(crops.map(({ positive }) => (positive ? 1 : 0)));
  });

  test('leave no tensor behind', async () => {
    const { numTensors } = tf.memory();
    await drawnCrops(camAux, options);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

test('attentionMap is the mean of the heads, from 0 to 1', () => {
  const map = attentionMap({ height: 1, width: 3, channels: 2, data: Float32Array.of(1, 3, 0, 0, 2, 4) });
  expect([map.channels, ...map.data].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([
    1, 0.666667, 0, 1,
  ]);
  const even = attentionMap({ height: 1, width: 2, channels: 1, data: Float32Array.of(5, 5) });
  expect(Array.from(even.data)).toEqual([0, 0]);
});

test('errorOverlay tells the three kinds of errors apart, and what is not scored', () => {
  const truth = Uint8Array.of(0, 0, 1, 1, 1, 255);
  const prediction = Uint8Array.of(0, 2, 1, 0, 2, 2);
  const gray = { width: 6, height: 1, data: new Uint8Array(18).fill(100) };
  const { data } = errorOverlay(gray, { truth, prediction }, { ignoreIndex: 255 });
  const pixel = (i: number): number[] => Array.from(data.subarray(3 * i, 3 * i + 3));
  const tinted = (kind: keyof typeof errorColors): number[] =>
    errorColors[kind].map((value) => Math.floor(25 + 0.75 * value));
  expect([1, 3, 4].map(pixel)).toEqual([tinted('invented'), tinted('missed'), tinted('confused')]);
  expect(pixel(0)).toEqual(pixel(2));
  expect(pixel(5)).toEqual([90, 90, 90]);
});
