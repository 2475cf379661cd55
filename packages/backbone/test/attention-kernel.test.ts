import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import {
  expectClose,
  expectNoLeak,
  gradientCheck,
  randomTensor,
  recordKernels,
  testWhere,
  withoutOwnKernels,
} from '@toco/testing';
import { hasAttentionKernel } from '../src/attention-kernel.js';
import { attend } from '../src/attention.js';

await initBackend({ backend: 'tensorflow', print: () => undefined });

const valueAndGradient = (qkv: tf.Tensor3D, heads: number, dy: tf.Tensor): tf.Tensor[] => {
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor3D) => attend(x, heads))(qkv, dy as tf.Tensor3D);
  return [value, grad];
};

describe('one operation and many', () => {
  test.each([
    ['DeiT-Ti at 224', 2, 197, 3, 64],
    ['a window of 7', 5, 49, 4, 32],
    ['one token', 1, 1, 2, 8],
    ['odd sizes', 3, 61, 2, 20],
  ])('give the same: %s', async (_, batch, count, heads, size) => {
    const qkv = randomTensor([batch, count, 3 * heads * size], 1) as tf.Tensor3D;
    const dy = randomTensor([batch, count, heads * size], 2);
    const many = await withoutOwnKernels(() => {
      expect(hasAttentionKernel()).toBe(false);
      return valueAndGradient(qkv, heads, dy);
    });
    const one = valueAndGradient(qkv, heads, dy);
    for (const [i, tensor] of one.entries()) await expectClose(tensor, many[i]!, { absolute: 3e-6 });
  });
});

testWhere(
  test,
  hasAttentionKernel(),
  'no kernels on this machine',
)('the kernel is what runs', async () => {
  const qkv = randomTensor([1, 5, 24], 1) as tf.Tensor3D;
  const dy = randomTensor([1, 5, 8], 2);
  const counts = await recordKernels(() => valueAndGradient(qkv, 2, dy));
  expect(counts.get('TocoAttention')).toBe(1);
  expect(counts.get('TocoAttentionGrad')).toBe(1);
  expect(counts.has('BatchMatMul')).toBe(false);
});

test('its gradient is that of finite differences, and it leaves nothing behind', async () => {
  const qkv = randomTensor([2, 5, 24], 3) as tf.Tensor3D;
  await gradientCheck((x) => attend(x as tf.Tensor3D, 2), [qkv], { relative: 2e-4 });
  const dy = randomTensor([2, 5, 8], 4);
  await expectNoLeak(() => valueAndGradient(qkv, 2, dy));
});

test('scores far from zero overflow nowhere', async () => {
  const qkv = tf.mul(randomTensor([1, 9, 24], 5), 40) as tf.Tensor3D;
  const dy = randomTensor([1, 9, 8], 6);
  const [value, gradient] = valueAndGradient(qkv, 2, dy) as [tf.Tensor, tf.Tensor];
  const [expected] = (await withoutOwnKernels(() => valueAndGradient(qkv, 2, dy))) as [tf.Tensor];
  await expectClose(value, expected, { absolute: 1e-3 });
  expect(Array.from(await gradient.data()).every(Number.isFinite)).toBe(true);
});
