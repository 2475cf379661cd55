import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { detach, withoutGradient } from '../src/detach.js';
import { initBackend } from '@toco/runtime';
import { expectNoLeak, recordTape } from '@toco/testing';

describe.each(['tensorflow', 'cpu'])('on the %s backend', (backend) => {
  beforeAll(async () => {
    await initBackend();
    await tf.setBackend(backend);
  });

  test.each(['float32', 'int32', 'bool'] as const)('shares the data of a %s tensor', async (dtype) => {
    const x = tf.tensor([1, 0, 1], [3], dtype);
    const before = tf.memory();
    const y = detach(x);
    expect([y.dataId, y.dtype, y.shape]).toEqual([x.dataId, dtype, [3]]);
    expect(y.id).not.toBe(x.id);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    x.dispose();
    expect([...(await y.data())]).toEqual([1, 0, 1]);
    y.dispose();
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers - 1);
  });

  test('leaves the original alone, also when a tidy ends', async () => {
    const x = tf.tensor1d([4, 5]);
    tf.tidy(() => {
      detach(x);
    });
    expect([...(await x.data())]).toEqual([4, 5]);
    await expectNoLeak(() => detach(x));
  });

  test('stops the gradient', async () => {
    const gradient = tf.grad((x) => tf.mul(x, detach(tf.square(x))))(tf.tensor1d([2, 3]));
    expect([...(await gradient.data())]).toEqual([4, 9]); // x², not 3x²
  });

  test('lets comparisons be made on the way of a gradient', async () => {
    const f = (x: tf.Tensor) =>
      tf.mul(
        x,
        withoutGradient(() => tf.cast(tf.greater(tf.mul(x, 2), 3), 'float32')),
      );
    const gradient = tf.grad(f)(tf.tensor1d([1, 2]));
    expect([...(await gradient.data())]).toEqual([0, 1]);
    expect([...recordTape(() => tf.grad(f)(tf.tensor1d([1, 2]))).kernels]).toEqual(['Multiply']);
    await expectNoLeak(() => tf.tidy(() => tf.grad(f)(tf.tensor1d([1, 2]))));
  });

  test('takes a tree, leaves out what is undefined, and records none of it', async () => {
    const f = (x: tf.Tensor) => {
      const tree = withoutGradient(() => ({
        large: tf.cast(tf.greater(x, 1), 'float32'),
        scaled: [tf.mul(x, 10)],
        none: undefined,
      }));
      expect(Object.keys(tree)).toEqual(['large', 'scaled']);
      return tf.mul(x, tf.add(tree.large, tree.scaled[0]!));
    };
    const gradient = tf.grad(f)(tf.tensor1d([1, 2]));
    expect([...(await gradient.data())]).toEqual([10, 21]);
    await expectNoLeak(() => tf.tidy(() => tf.grad(f)(tf.tensor1d([1, 2]))));
    // ... without a tidy around it nothing is left behind but what was asked for.
    const x = tf.tensor1d([1, 2]);
    await expectNoLeak(() => withoutGradient(() => ({ sum: tf.clone(x) })));
  });
});
