import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { engineLibrary, initBackend } from '@toco/runtime';

test('TensorFlow computes and differentiates', async () => {
  const lines: string[] = [];
  const info = await initBackend({ print: (line) => lines.push(line) });
  expect(info.backend).toBe('tensorflow');
  expect(lines).toEqual([info.description]);
  const gradient = tf.grad((x) => tf.sum(tf.square(tf.matMul(x, x))))(tf.tensor2d([1, 2, 3, 4], [2, 2]));
  expect(Array.from(await gradient.data())).toEqual([158, 274, 266, 482]);
  expect(engineLibrary().version).toBe('2.21.0');
});
