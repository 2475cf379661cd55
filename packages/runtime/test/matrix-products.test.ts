import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '../src/index.js';

/** Rows of a product, in doubles. */
function expected(a: number[][], b: number[][]): number[][] {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}

const turned = (x: number[][]): number[][] => x[0]!.map((_, j) => x.map((row) => row[j]!));
const drawn = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => ((7 * i + 3 * j) % 11) / 8 - 0.5),
  );

describe('products of two matrices', () => {
  beforeAll(async () => {
    await initBackend({ backend: 'tensorflow', print: () => undefined });
  });

  test.each([false, true].flatMap((a) => [false, true].map((b) => [a, b] as const)))(
    'transposed: %s, %s; alone and in a stack',
    async (transposeA, transposeB) => {
      const [left, right] = [drawn(5, 7), drawn(7, 4)];
      const [a, b] = [transposeA ? turned(left) : left, transposeB ? turned(right) : right];
      const alone = tf.matMul(tf.tensor2d(a), tf.tensor2d(b), transposeA, transposeB);
      // Sums of eighths times eighths are exact.
      expect(await alone.array()).toEqual(expected(left, right));
      const stacked = tf.matMul(tf.tensor3d([a, a]), tf.tensor3d([b, b]), transposeA, transposeB);
      expect(await stacked.array()).toEqual([expected(left, right), expected(left, right)]);
    },
  );

  test('are MatMul, which shares their work between threads, and stacks are not', () => {
    const backend = tf.backend() as unknown as {
      executeSingleOutput: (name: string, ...rest: unknown[]) => unknown;
    };
    const { executeSingleOutput } = backend;
    const names: string[] = [];
    backend.executeSingleOutput = (name, ...rest) => {
      names.push(name);
      return executeSingleOutput.call(backend, name, ...rest);
    };
    try {
      tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]));
      tf.matMul(tf.ones([1, 2, 3]), tf.ones([1, 3, 2]));
    } finally {
      backend.executeSingleOutput = executeSingleOutput;
    }
    expect(names.filter((name) => name.includes('MatMul'))).toEqual(['MatMul', 'BatchMatMulV2']);
  });

  test('of integers, and the gradient', async () => {
    const whole = tf.matMul(tf.tensor2d([[1, 2]], [1, 2], 'int32'), tf.tensor2d([[3], [4]], [2, 1], 'int32'));
    expect(whole.dtype).toBe('int32');
    expect(await whole.array()).toEqual([[11]]);
    const gradient = tf.grad((x) =>
      tf.sum(
        tf.matMul(
          x,
          tf.tensor2d([
            [1, 2],
            [3, 4],
          ]),
        ),
      ),
    );
    expect(await gradient(tf.tensor2d([[5, 6]])).array()).toEqual([[3, 7]]);
  });

  test('empty ones', async () => {
    expect(await tf.matMul(tf.zeros([0, 3]), tf.zeros([3, 2])).array()).toEqual([]);
    expect(await tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 2])).array()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});
