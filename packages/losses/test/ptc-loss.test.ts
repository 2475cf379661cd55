import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { ptcLoss } from '../src/ptc-loss.js';
import { tokenAffinity } from '../src/token-affinity.js';
import * as tf from '@tensorflow/tfjs-core';
import { checkGradient } from './check-gradient.js';
import { expectNoLeakOf } from './expect-no-leak.js';
import { lossSources } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const tokens = (shape: [number, number, number], seed: number): tf.Tensor =>
  tf.randomNormal(shape, 0.3, 1, 'float32', seed);

/** Labels 0 … 2 with some ignored. */
const labels = (shape: [number, number], seed: number): tf.Tensor => {
  const values = tf.cast(tf.floor(tf.randomUniform(shape, 0, 4, 'float32', seed)), 'int32');
  return tf.where(tf.equal(values, 3), tf.fill(shape, 255, 'int32'), values);
};
const affinityOf = (shape: [number, number], seed: number): tf.Tensor =>
  tokenAffinity(labels(shape, seed), { ignoreIndex: 255 });

test('value and gradient equal the recorded ones', async () => {
  for (const [, g] of lossSources()) {
    const [batch, h, w, dim] = g['ptc_tokens']!.shape as [number, number, number, number];
    const affinity = g['ptc_affinity']!;
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      ptcLoss(tf.reshape(x, [batch, h * w, dim]), affinity),
    )(g['ptc_tokens']!);
    await expectClose(value, g['ptc_loss']!, { relative: 3e-6 });
    await expectClose(grad, g['ptc_grad']!, { relative: 3e-6 });
  }
});

describe.each([
  [1, 5, 3],
  [2, 12, 8],
  [4, 9, 16],
])('%d images, %d tokens, %d dimensions', (batch, n, dim) => {
  test('the gradient follows the values', async () => {
    const affinity = affinityOf([batch, n], 3);
    await checkGradient((x) => ptcLoss(x, affinity), tokens([batch, n, dim], 4), {
      step: 3e-3,
      tolerance: 5e-3,
    });
  });
});

test('the gradient is right for an affinity that is not symmetric', async () => {
  const affinity = tf.cast(tf.greater(tf.randomNormal([2, 10, 10], 0, 1, 'float32', 8), 0), 'int32');
  await checkGradient((x) => ptcLoss(x, affinity), tokens([2, 10, 6], 4), {
    step: 3e-3,
    tolerance: 5e-3,
  });
});

test('groups of images are counted apart', async () => {
  const x = tokens([4, 9, 5], 1);
  const affinity = affinityOf([4, 9], 2);
  const half = (from: number): tf.Tensor => ptcLoss(tf.slice(x, from, 2), tf.slice(affinity, from, 2));
  const grouped = ptcLoss(x, affinity, { groupSize: 2 });
  await expectClose(grouped, tf.div(tf.add(half(0), half(2)), 2), { relative: 1e-6 });
  const [whole] = await ptcLoss(x, affinity).data();
  expect(Math.abs(whole! - (await grouped.data())[0]!)).toBeGreaterThan(1e-4);
  await checkGradient((t) => ptcLoss(t, affinity, { groupSize: 2 }), x, {
    step: 3e-3,
    tolerance: 5e-3,
  });
});

test('neither the order of images, the order of tokens nor their lengths and signs matter', async () => {
  const x = tokens([3, 8, 6], 1);
  const y = labels([3, 8], 2);
  const order = tf.tensor1d([5, 2, 7, 0, 1, 6, 3, 4], 'int32');
  const shuffled = tf.gather(tf.gather(x, tf.tensor1d([2, 0, 1], 'int32')), order, 1);
  const shuffledLabels = tf.gather(tf.gather(y, tf.tensor1d([2, 0, 1], 'int32')), order, 1);
  const affinity = tokenAffinity(y, { ignoreIndex: 255 });
  const loss = ptcLoss(x, affinity);
  await expectClose(ptcLoss(shuffled, tokenAffinity(shuffledLabels, { ignoreIndex: 255 })), loss, {
    relative: 1e-6,
  });
  const scale = tf.tensor3d([2, -1, 0.5, -3, 1, 7, -0.1, 1], [1, 8, 1]);
  await expectClose(ptcLoss(tf.mul(x, scale), affinity), loss, { relative: 1e-6 });
});

test('is ½ without a pair, and a token of zeros gives a finite gradient', async () => {
  const ignored = tf.fill([1, 4, 4], 255, 'int32');
  expect((await ptcLoss(tf.ones([1, 4, 3]), ignored).data())[0]).toBe(0.5);
  const x = tf.mul(tokens([1, 4, 3], 1), tf.tensor3d([1, 0, 1, 1], [1, 4, 1]));
  const grad = tf.grad((t: tf.Tensor) => ptcLoss(t, affinityOf([1, 4], 9)))(x);
  expect((await grad.data()).every(Number.isFinite)).toBe(true);
});

test('leaves nothing behind', async () => {
  const affinity = affinityOf([2, 6], 1);
  await expectNoLeakOf((x) => ptcLoss(x, affinity), tokens([2, 6, 4], 2));
});

test('names what does not fit', () => {
  expect(() => ptcLoss(tf.zeros([2, 4, 3]), tf.zeros([2, 4, 5]))).toThrow(/ptcLoss: affinity/);
  expect(() => ptcLoss(tf.zeros([3, 4, 3]), tf.zeros([3, 4, 4]), { groupSize: 2 })).toThrow(
    /groupSize 2 does not divide the batch of 3/,
  );
});

test('signed cosines follow the formula, and pairs of opposite tokens are told apart', async () => {
  const x = tokens([2, 7, 5], 11);
  const affinity = affinityOf([2, 7], 12);
  const [values, pairs] = [(await x.array()) as number[][][], await affinity.array()];
  const sums = [0, 0];
  const counts = [0, 0];
  values.forEach((image, b) => {
    image.forEach((f, i) => {
      image.forEach((g, j) => {
        const kind = pairs[b]![i]![j]!;
        if (kind > 1) return;
        const dot = f.reduce((sum, value, d) => sum + value * g[d]!, 0);
        sums[kind]! += dot / (Math.hypot(...f) * Math.hypot(...g));
        counts[kind]!++;
      });
    });
  });
  const expected = 0.5 * (1 - sums[1]! / (counts[1]! + 1)) + (0.5 * sums[0]!) / (counts[0]! + 1);
  const loss = (input: tf.Tensor): tf.Scalar => ptcLoss(input, affinity, { cosine: 'signed' });
  expect(Math.abs((await loss(x).data())[0]! - expected)).toBeLessThan(2e-6);
  await checkGradient(loss, x, { step: 3e-3, tolerance: 5e-3 });

  const opposite = tf.tensor3d([
    [
      [1, 2],
      [-1, -2],
    ],
  ]);
  const alike = tf.tensor3d(
    [
      [
        [255, 1],
        [1, 255],
      ],
    ],
    [1, 2, 2],
    'int32',
  );
  const of = async (cosine: 'absolute' | 'signed'): Promise<number> =>
    (await ptcLoss(opposite, alike, { cosine }).data())[0]!;
  expect(await of('absolute')).toBeCloseTo(0.5 * (1 - 2 / 3), 6);
  expect(await of('signed')).toBeCloseTo(0.5 * (1 + 2 / 3), 6);
});
