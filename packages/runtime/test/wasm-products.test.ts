import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '../src/init-backend.js';

beforeAll(async () => {
  await initBackend({ backend: 'wasm', print: () => undefined });
});

/** The product of two stacks in 64 bits. */
function expected(a: tf.Tensor, b: tf.Tensor, [transposeA, transposeB]: readonly boolean[]): number[] {
  const [x, y] = [a.dataSync(), b.dataSync()];
  const [p, q] = a.shape.slice(-2) as [number, number];
  const [r, s] = b.shape.slice(-2) as [number, number];
  const [rows, steps, columns] = [transposeA ? q : p, transposeA ? p : q, transposeB ? r : s];
  const out: number[] = [];
  for (let m = 0; m < a.size / (p * q); m++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < steps; k++)
          sum +=
            x[m * p * q + (transposeA ? k * q + i : i * q + k)]! *
            y[m * r * s + (transposeB ? j * s + k : k * s + j)]!;
        out.push(sum);
      }
  return out;
}

const sides = { large: [37, 41, 45], small: [3, 5, 7] } as const;
const transposes = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const));
const cases = transposes.flatMap((transposed) =>
  [[], [1], [3], [2, 2]].flatMap((stack) =>
    Object.entries(sides).map(([name, [m, k, n]]) => ({
      name: `${name}, of ${JSON.stringify(stack)}, transposed ${transposed.join()}`,
      a: [...stack, ...(transposed[0] ? [k, m] : [m, k])],
      b: [...stack, ...(transposed[1] ? [n, k] : [k, n])],
      transposed,
    })),
  ),
);

test.each(cases)('products on wasm: $name', ({ a, b, transposed }) => {
  const [x, y] = [a, b].map((shape, i) => tf.randomUniform(shape, -1, 1, 'float32', 1 + i));
  const wanted = expected(x!, y!, transposed);
  const before = tf.memory();
  const held = (): number =>
    (tf.backend() as unknown as { dataIdMap: { numDataIds(): number } }).dataIdMap.numDataIds();
  const ids = held();
  const product = tf.matMul(x!, y!, ...transposed);
  const actual = product.dataSync();
  expect(product.shape).toHaveLength(a.length);
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThan(1e-5);
  });
  product.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(held()).toBe(ids);
});

test('a stack times one matrix, and values that are not finite numbers, are what they were', () => {
  const stack = tf.ones([2, 40, 50]);
  const one = tf.fill([1, 50, 40], 2);
  expect(
    tf
      .matMul(stack, one)
      .dataSync()
      .every((value) => value === 100),
  ).toBe(true);
  const withNaN = tf.where(tf.equal(tf.range(0, 50), 3), NaN, tf.ones([2, 40, 50]));
  expect(
    tf
      .matMul(withNaN, tf.ones([2, 50, 40]))
      .dataSync()
      .every(Number.isNaN),
  ).toBe(true);
});
