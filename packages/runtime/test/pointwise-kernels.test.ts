import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '../src/init-backend.js';

const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const withKernels = kernels === undefined ? test.skip : test;
const missing = kernels === undefined ? ' (skipped: no kernels on this machine)' : '';

/** x·Φ(x) in float64; the series has no terms of different signs. */
function exactGelu(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  let [term, sum] = [z, z];
  for (let n = 1; term > 1e-18 * sum; n++) sum += term *= (2 * z * z) / (2 * n + 1);
  const erf = (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  return 0.5 * x * (1 + Math.sign(x) * erf);
}

const gelu = (values: Float32Array): Float32Array =>
  tf.tidy(() =>
    (tf.engine().runKernel('TocoGelu', { x: tf.tensor1d(values) }) as tf.Tensor).dataSync(),
  ) as Float32Array;

withKernels(
  `GELU is exact but for rounding, whatever is left of the last vector and of the last thread${missing}`,
  () => {
    for (const count of [1, 7, 8, 9, 40_003]) {
      const x = Float32Array.from({ length: count }, (_, i) => 24 * ((i + 0.5) / count - 0.5));
      const y = gelu(x);
      expect(y.length).toBe(count);
      const worst = y.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - exactGelu(x[i]!)) / Math.max(1, x[i]!)),
        0,
      );
      expect(worst).toBeLessThan(1.5e-7);
    }
    const small = Float32Array.of(1e-30, -1e-20, 1e-6, -1e-3);
    gelu(small).forEach((value, i) => {
      expect(Math.abs(value / exactGelu(small[i]!) - 1)).toBeLessThan(1e-6);
    });
  },
);

withKernels(`GELU of what is infinite or no number${missing}`, () => {
  const [zero, most, least, none, large] = gelu(Float32Array.of(0, Infinity, -Infinity, NaN, 3e38));
  expect(zero).toBe(0);
  expect(most).toBe(Infinity);
  expect(Math.abs(least!)).toBeLessThan(1e-30);
  expect(none).toBeNaN();
  expect(large).toBe(Math.fround(3e38));
});

withKernels(`layer norm equals that in float64, for rows of any length and number${missing}`, () => {
  const epsilon = 1e-6;
  for (const [rows, size] of [
    [1, 1],
    [3, 5],
    [2, 8],
    [700, 13],
    [130, 192],
    [3, 20_001],
  ] as const) {
    let state = size;
    const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const numbers = (count: number, shift: number): Float32Array =>
      Float32Array.from({ length: count }, () => shift + 2 * random() - 1);
    const [x, weight, bias] = [numbers(rows * size, 3), numbers(size, 1), numbers(size, 0)];
    const y = tf.tidy(() =>
      (
        tf.engine().runKernel('TocoLayerNorm', {
          ...{ x: tf.tensor2d(x, [rows, size]), weight: tf.tensor1d(weight), bias: tf.tensor1d(bias) },
          epsilon: tf.scalar(epsilon),
        }) as tf.Tensor
      ).dataSync(),
    );
    let worst = 0;
    for (let row = 0; row < rows; row++) {
      const own = Array.from(x.subarray(row * size, (row + 1) * size));
      const mean = own.reduce((sum, value) => sum + value, 0) / size;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
      own.forEach((value, i) => {
        const expected = ((value - mean) / Math.sqrt(variance + epsilon)) * weight[i]! + bias[i]!;
        worst = Math.max(worst, Math.abs(y[row * size + i]! - expected));
      });
    }
    expect(worst).toBeLessThan(1e-5);
  }
});

withKernels(`sizes that do not fit are refused in one sentence${missing}`, () => {
  const run = (size: number): unknown =>
    tf.engine().runKernel('TocoLayerNorm', {
      ...{ x: tf.zeros([2, 4]), weight: tf.zeros([size]), bias: tf.zeros([4]), epsilon: tf.scalar(1) },
    });
  expect(() => run(3)).toThrow('TocoLayerNorm takes [...,size], weight and bias [size], and a number');
});

withKernels(`what does not fit a linear map is refused in one sentence${missing}`, () => {
  const run = (inputs: Record<string, tf.Tensor>): unknown =>
    tf.tidy(() => tf.engine().runKernel('TocoLinear', { x: tf.zeros([2, 4]), ...inputs }));
  const weight = tf.zeros([3, 4]);
  const sizes = 'TocoLinear takes [...,inputs], a weight [outputs,inputs]';
  expect(() => run({ weight: tf.zeros([3, 5]) })).toThrow(sizes);
  expect(() => run({ x: tf.zeros([2, 0]), weight: tf.zeros([3, 0]) })).toThrow(sizes);
  expect(() => run({ weight, bias: tf.zeros([4]) })).toThrow(sizes);
  expect(() => run({ weight, scale: tf.zeros([1]) })).toThrow(sizes);
  expect(() => run({ weight, residual: tf.zeros([3, 2]) })).toThrow(sizes);
  const norm = { normWeight: tf.zeros([4]), normBias: tf.zeros([4]), epsilon: tf.zeros([1]) };
  expect(() => run({ weight, ...norm })).toThrow(sizes);
});

withKernels(`a linear map with all that may come with it keeps no result${missing}`, () => {
  const [rows, inputs, outputs] = [3000, 64, 768];
  const all = {
    ...{ x: tf.ones([rows, inputs]), weight: tf.ones([outputs, inputs]), bias: tf.zeros([outputs]) },
    ...{ scale: tf.ones([outputs]), residual: tf.zeros([rows, outputs]), epsilon: tf.scalar(1e-6) },
    ...{ normWeight: tf.ones([inputs]), normBias: tf.zeros([inputs]) },
  };
  const run = (times: number): void => {
    for (let i = 0; i < times; i++) tf.dispose(tf.engine().runKernel('TocoLinear', all, { gelu: true }));
  };
  run(5);
  const before = process.memoryUsage.rss();
  run(100); // of 9 MB each
  expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(200);
});
