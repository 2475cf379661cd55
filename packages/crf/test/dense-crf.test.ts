import { describe, expect, test } from '@jest/globals';
import { randomArray, randomImage } from '@toco/testing';
import * as crf from '../src/index.js';

const [height, width, classes] = [12, 16, 4];
const image = randomImage(height * width, 1);
const probabilities = randomArray(height * width * classes, 2);
const size = { height, width, classes };
const { tocoCamCrf } = crf;

describe.each([
  ['WebAssembly', crf.denseCrf],
  ['TypeScript', crf.denseCrfReference],
])('%s', (_, denseCrf) => {
  test('every preset gives distributions', () => {
    const presets = [crf.tocoSegmentationCrf, tocoCamCrf, crf.deepLabCrf, crf.afaCrf, crf.irnLabelCrf];
    for (const kernels of presets) {
      const q = denseCrf(image, probabilities, { ...size, ...kernels });
      expect(Math.min(...q)).toBeGreaterThanOrEqual(0);
      for (let p = 0; p < height * width; p++)
        expect(q.subarray(p * classes, (p + 1) * classes).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    }
  });

  test('without iterations Q is the normalized input', () => {
    const q = denseCrf(image, probabilities, { ...size, ...tocoCamCrf, iterations: 0 });
    const clipped = probabilities.map((p) => Math.max(p, 1e-5));
    for (let i = 0; i < q.length; i++) {
      const start = i - (i % classes);
      const sum = clipped.subarray(start, start + classes).reduce((a, b) => a + b);
      expect(q[i]).toBeCloseTo(clipped[i]! / sum, 5);
    }
  });

  test('permuting the classes permutes Q', () => {
    const reversed = (x: Float32Array) =>
      x.map((_, i) => x[i - (i % classes) + classes - 1 - (i % classes)]!);
    const q = denseCrf(image, probabilities, { ...size, ...tocoCamCrf });
    const swapped = reversed(denseCrf(image, reversed(probabilities), { ...size, ...tocoCamCrf }));
    swapped.forEach((value, i) => {
      expect(value).toBeCloseTo(q[i]!, 5);
    });
  });

  test('a wrong pixel inside a uniform region is outvoted', () => {
    const gray = new Float32Array(height * width * 3).fill(100);
    const labels = new Int32Array(height * width);
    labels[6 * width + 8] = 1;
    const start = crf.labelProbabilities(labels, { classes: 2, confidence: 0.7 });
    const q = denseCrf(gray, start, { height, width, classes: 2, ...crf.irnLabelCrf });
    expect(start[(6 * width + 8) * 2 + 1]).toBeCloseTo(0.7, 6);
    expect(q[(6 * width + 8) * 2 + 1]).toBeLessThan(0.1);
  });

  test('refuses probabilities of another size', () => {
    expect(() => denseCrf(image, probabilities, { ...size, classes: 5, ...tocoCamCrf })).toThrow(
      'probabilities instead of 12 × 16 × 5',
    );
  });

  const wrong: [string, Partial<crf.DenseCrfOptions>, string][] = [
    ['no classes', { classes: 0 }, 'denseCrf: classes is 0, must be a whole number of at least 1'],
    ['half a pixel', { height: 4.5 }, 'denseCrf: height is 4.5, must be a whole number of at least 1'],
    ['iterations', { iterations: NaN }, 'denseCrf: iterations is NaN, must be a whole number of at least 0'],
    ['another size', { height: 3 }, 'denseCrf: an image of 576 values instead of 3 × 16 × 3'],
    ['σ', { gaussian: { weight: 1, sigmaXy: 0 } }, 'denseCrf: gaussian.sigmaXy is 0, must be positive'],
    [
      'weights',
      { gaussian: { weight: NaN, sigmaXy: 1 } },
      'denseCrf: gaussian.weight is NaN, must be a finite number',
    ],
  ];
  test.each(wrong)('%s: one line', (__, change, message) => {
    const call = () => denseCrf(image, probabilities, { ...size, ...tocoCamCrf, ...change });
    expect(call).toThrow(message);
    expect(call).not.toThrow('\n');
  });

  test('what is not a number is named', () => {
    const levels = image.slice();
    levels[50] = NaN;
    expect(() => denseCrf(levels, probabilities, { ...size, ...tocoCamCrf })).toThrow(
      'denseCrf: a level is NaN (row 1, value 2 of the row)',
    );
    const chances = probabilities.slice();
    chances[64] = NaN;
    expect(() => denseCrf(image, chances, { ...size, ...tocoCamCrf })).toThrow(
      'denseCrf: a probability is NaN (row 1, value 0 of the row)',
    );
  });
});

test('label probabilities sum to 1 and refuse what is no class', () => {
  const p = crf.labelProbabilities([2, 0], { classes: 3, confidence: 0.7 });
  [0.15, 0.15, 0.7, 0.7, 0.15, 0.15].forEach((value, i) => {
    expect(p[i]).toBeCloseTo(value, 6);
  });
  expect(() => crf.labelProbabilities([255], { classes: 3, confidence: 0.7 })).toThrow(
    'label 255 at 0 is none of the 3 classes',
  );
});
