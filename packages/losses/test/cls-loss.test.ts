import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { clsLoss } from '../src/cls-loss.js';
import * as tf from '@tensorflow/tfjs-core';
import { checkGradient } from './check-gradient.js';
import { expectNoLeakOf } from './expect-no-leak.js';
import { lossSources } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const random = (shape: [number, number], seed: number): tf.Tensor =>
  tf.randomNormal(shape, 0, 2, 'float32', seed);
const randomLabels = (shape: [number, number], seed: number): tf.Tensor =>
  tf.cast(tf.greater(random(shape, seed), 0), 'float32');

test('value and gradient equal the recorded ones', async () => {
  for (const [, g] of lossSources()) {
    const labels = g['cls_labels']!;
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => clsLoss(x, labels))(g['cls_logits']!);
    await expectClose(value, g['cls_loss']!, { relative: 3e-6 });
    await expectClose(grad, g['cls_grad']!, { relative: 3e-6 });
  }
});

describe.each([
  [1, 2],
  [3, 20],
  [2, 80],
])('%d images, %d classes', (batch, classes) => {
  test('the gradient follows the values', async () => {
    const labels = randomLabels([batch, classes], 5);
    await checkGradient((x) => clsLoss(x, labels), random([batch, classes], 6), {
      tolerance: 1e-3,
    });
  });
});

test('flipping signs of logits and labels together changes nothing', async () => {
  const logits = random([3, 7], 1);
  const labels = randomLabels([3, 7], 2);
  await expectClose(clsLoss(tf.neg(logits), tf.sub(1, labels)), clsLoss(logits, labels), { relative: 1e-6 });
});

test('stays finite and right for huge logits', async () => {
  const loss = clsLoss(tf.tensor2d([[1000, -1000, 1000]]), tf.tensor2d([[1, 0, 0]]));
  expect((await loss.data())[0]).toBeCloseTo(1000 / 3, 3);
});

test('leaves nothing behind', async () => {
  const labels = randomLabels([2, 5], 1);
  await expectNoLeakOf((x) => clsLoss(x, labels), random([2, 5], 3));
});

test('names what does not fit', () => {
  expect(() => clsLoss(tf.zeros([2, 5]), tf.zeros([2, 4]))).toThrow(/clsLoss: labels/);
});
