import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { confusionMatrix, countPixels, intersectionOverUnion } from '../src/metrics/confusion-matrix.js';
import { f1Score } from '../src/metrics/f1-score.js';
import { resizePlanes } from '../src/masks/resize-planes.js';
import { tokenSimilarity } from '../src/forward/token-similarity.js';

beforeAll(() => initBackend());

describe('mIoU', () => {
  test('one matrix over all images, 255 skipped, an absent class left out and named', () => {
    const matrix = confusionMatrix(4);
    countPixels(matrix, { truth: [0, 0, 1, 255], prediction: [0, 1, 1, 2] }, { ignoreIndex: 255 });
    countPixels(matrix, { truth: [1, 2], prediction: [1, 0] }, { ignoreIndex: 255 });
    const { mean, perClass, absent } = intersectionOverUnion(matrix);
    expect(perClass).toEqual([1 / 3, 2 / 3, 0, Number.NaN]);
    expect(absent).toEqual([3]);
    expect(mean).toBeCloseTo(1 / 3, 12);
  });

  test('a label outside the classes and a size that differs are errors', () => {
    const matrix = confusionMatrix(2);
    expect(() => countPixels(matrix, { truth: [2], prediction: [0] }, { ignoreIndex: 255 })).toThrow(
      'Label 2',
    );
    expect(() => countPixels(matrix, { truth: [0], prediction: [0, 1] }, { ignoreIndex: 255 })).toThrow(
      '2 pixels',
    );
  });
});

test('F1 of one image', () => {
  expect(f1Score([1, -1, 2], [1, 0, 0])).toBeCloseTo(2 / 3, 12);
  expect(f1Score([-1, -1], [1, 0])).toBe(0);
  expect(f1Score([3, -1], [1, 0])).toBe(1);
  // nothing shown and nothing predicted is right; one class too many is wrong
  expect(f1Score([-3, -1], [0, 0])).toBe(1);
  expect(f1Score([-3, 1], [0, 0])).toBe(0);
});

test('planes are resized bilinearly with half pixels', () => {
  const planes = { height: 2, width: 1, channels: 2, data: Float32Array.of(0, 10, 1, 20) };
  const { data } = resizePlanes(planes, { height: 4, width: 1 });
  expect(Array.from(data)).toEqual([0, 10, 0.25, 12.5, 0.75, 17.5, 1, 20]);
});

test('token similarity equals the mean over all pairs', async () => {
  const tokens = tf.tensor3d(
    Array.from({ length: 2 * 5 * 3 }, (_, i) => Math.sin(i * i)),
    [2, 5, 3],
  );
  const rows = await tokens.array();
  let total = 0;
  for (const image of rows) {
    image.forEach((a, i) => {
      image.forEach((b, j) => {
        const dot = a.reduce((sum, x, d) => sum + x * b[d]!, 0);
        if (i !== j) total += dot / Math.hypot(...a) / Math.hypot(...b);
      });
    });
  }
  expect((await tokenSimilarity(tokens).data())[0]).toBeCloseTo(total / (2 * 5 * 4), 5);
});
