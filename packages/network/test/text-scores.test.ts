import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, gradientCheck, randomTensor } from '@toco/testing';
import { textScores } from '../src/text-scores.js';

await initBackend();

test('is scale · cosine, of vectors of any length', async () => {
  const tokens = tf.tensor2d([
    [3, 4],
    [-10, 0],
  ]);
  const texts = tf.tensor2d([
    [0.5, 0],
    [0, 7],
    [-3, -4],
  ]);
  const expected = tf.tensor2d([
    [0.6, 0.8, -1],
    [-1, 0, 0.6],
  ]);
  await expectClose(textScores(tokens, texts, { scale: 1 }), expected, { absolute: 1e-6 });
  await expectClose(textScores(tokens, texts), tf.mul(expected, 100), { absolute: 1e-4 });
});

test('of patch tokens is that of each token by itself', async () => {
  const tokens = randomTensor([2, 5, 6], 1) as tf.Tensor3D;
  const texts = randomTensor([4, 6], 2) as tf.Tensor2D;
  const maps = textScores(tokens, texts);
  expect(maps.shape).toEqual([2, 5, 4]);
  const flat = textScores(tf.reshape<tf.Rank.R2>(tokens, [10, 6]), texts);
  await expectClose(tf.reshape(maps, [10, 4]), flat, { absolute: 1e-5 });
});

test('has the gradient of its formula, for tokens and for texts', async () => {
  const f = (tokens: tf.Tensor, texts: tf.Tensor): tf.Tensor =>
    textScores(tokens as tf.Tensor2D, texts as tf.Tensor2D, { scale: 3 });
  await gradientCheck(f, [randomTensor([3, 5], 3), randomTensor([4, 5], 4)], { relative: 1e-3 });
});

test('embeddings of another length are refused, and nothing is left behind', async () => {
  const tokens = randomTensor([3, 5], 3) as tf.Tensor2D;
  expect(() => textScores(tokens, tf.ones([4, 6]))).toThrow(/textScores: tokens/);
  const texts = randomTensor([4, 5], 5) as tf.Tensor2D;
  await expectNoLeak(() => textScores(tokens, texts));
});
