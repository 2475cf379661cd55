import { beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak } from '@toco/testing';
import { rawCam } from '../src/raw-cam.js';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(async () => {
  await initBackend();
});

test.each([
  [1, 1, 1, 2, 3],
  [2, 4, 3, 8, 5],
])('is a product per token: %d images, grid %d × %d, %d dimensions, %d classes', async (b, h, w, d, c) => {
  const tokens = tf.randomNormal([b, h, w, d], 0, 1, 'float32', 1);
  const weight = tf.randomNormal([c, d], 0, 1, 'float32', 2);
  const products = tf.mul(tf.expandDims(tokens, 3), tf.reshape(weight, [1, 1, 1, c, d]));
  await expectClose(rawCam(tokens, weight), tf.sum(products, 4), { relative: 1e-5 });
});

test('leaves nothing behind and names what does not fit', async () => {
  const [tokens, weight] = [tf.zeros([1, 2, 2, 3]), tf.zeros([4, 3])];
  await expectNoLeak(() => rawCam(tokens, weight));
  expect(() => rawCam(tf.zeros([1, 2, 2, 3]), tf.zeros([4, 5]))).toThrow(/rawCam: weight/);
});
