import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { segLoss } from '../src/seg-loss.js';
import * as tf from '@tensorflow/tfjs-core';
import { checkGradient } from './check-gradient.js';
import { expectNoLeakOf } from './expect-no-leak.js';
import { lossSources } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const ignoreIndex = 255;
const logitsOf = (shape: [number, number, number, number], seed: number): tf.Tensor4D =>
  tf.randomNormal(shape, 0, 2, 'float32', seed);

/** Half background, the rest foreground or ignored. */
const labelsOf = ([b, h, w, k]: [number, number, number, number], seed: number): tf.Tensor => {
  const values = tf.cast(tf.floor(tf.randomUniform([b, h, w], -k, k + 1, 'float32', seed)), 'int32');
  const background = tf.maximum(values, tf.scalar(0, 'int32'));
  return tf.where(tf.equal(values, tf.scalar(k, 'int32')), tf.fill([b, h, w], 255, 'int32'), background);
};

test('value and gradient equal the recorded ones', async () => {
  for (const [, g] of lossSources()) {
    const labels = g['seg_label']!;
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => segLoss(x, labels, { ignoreIndex }))(
      g['seg_logits']!,
    );
    await expectClose(value, g['seg_loss']!, { relative: 3e-6 });
    await expectClose(grad, g['seg_grad']!, { relative: 3e-6 });
  }
});

describe.each([
  [1, 4, 4, 2],
  [2, 5, 7, 6],
  [4, 3, 3, 21],
] as [number, number, number, number][])('[%d,%d,%d,%d]', (...shape) => {
  test('the gradient follows the values', async () => {
    const labels = labelsOf(shape, 2);
    await checkGradient((x) => segLoss(x, labels, { ignoreIndex }), logitsOf(shape, 3), {
      tolerance: 2e-3,
    });
  });
});

test('what is ignored has no effect on value or gradient', async () => {
  const shape: [number, number, number, number] = [2, 6, 6, 4];
  const labels = labelsOf(shape, 1);
  const ignored = tf.expandDims(tf.cast(tf.equal(labels, ignoreIndex), 'float32'), 3);
  expect((await tf.sum(ignored).data())[0]).toBeGreaterThan(3);
  const loss = tf.valueAndGrad((x: tf.Tensor) => segLoss(x, labels, { ignoreIndex }));
  const logits = logitsOf(shape, 2);
  const plain = loss(logits);
  const disturbed = loss(tf.add(logits, tf.mul(logitsOf(shape, 7), ignored)));
  await expectClose(disturbed.value, plain.value, {});
  await expectClose(disturbed.grad, plain.grad, {});
  expect((await tf.max(tf.abs(tf.mul(plain.grad, ignored))).data())[0]).toBe(0);
});

test('background and foreground weigh the same, whatever their areas', async () => {
  // 1 background pixel with cross entropy log 2, 7 foreground pixels with cross entropy nearly 0
  const logits = tf.tensor4d([0, 0, ...Array.from({ length: 7 }, () => [-50, 50]).flat()], [1, 2, 4, 2]);
  const labels = tf.tensor3d([0, 1, 1, 1, 1, 1, 1, 1], [1, 2, 4], 'int32');
  expect((await segLoss(logits, labels, { ignoreIndex }).data())[0]).toBeCloseTo(Math.log(2) / 2, 6);
});

test.each([0, 2, ignoreIndex])('an empty set contributes 0: all pixels labeled %d', async (label) => {
  const labels = tf.fill([1, 3, 3], label, 'int32');
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => segLoss(x, labels, { ignoreIndex }))(
    tf.zeros([1, 3, 3, 4]),
  );
  expect((await value.data())[0]).toBeCloseTo(label === ignoreIndex ? 0 : Math.log(4) / 2, 6);
  expect((await grad.data()).every(Number.isFinite)).toBe(true);
});

test('groups of images are averaged apart', async () => {
  const shape: [number, number, number, number] = [4, 4, 4, 3];
  const x = logitsOf(shape, 1);
  const labels = labelsOf(shape, 2);
  const half = (from: number): tf.Tensor =>
    segLoss(tf.slice(x, from, 2), tf.slice(labels, from, 2), { ignoreIndex });
  const grouped = segLoss(x, labels, { ignoreIndex, groupSize: 2 });
  await expectClose(grouped, tf.div(tf.add(half(0), half(2)), 2), { relative: 1e-6 });
  const [whole] = await segLoss(x, labels, { ignoreIndex }).data();
  expect(Math.abs(whole! - (await grouped.data())[0]!)).toBeGreaterThan(1e-4);
  await checkGradient((t) => segLoss(t, labels, { ignoreIndex, groupSize: 2 }), x, {
    tolerance: 2e-3,
  });
});

test('leaves nothing behind', async () => {
  const labels = labelsOf([1, 3, 3, 4], 1);
  await expectNoLeakOf((x) => segLoss(x, labels, { ignoreIndex }), logitsOf([1, 3, 3, 4], 2));
});

test('names what does not fit', () => {
  expect(() => segLoss(tf.zeros([1, 4, 4, 3]), tf.zeros([1, 2, 2]), { ignoreIndex })).toThrow(
    /segLoss: labels/,
  );
});
