import { beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, fixture } from '@toco/testing';
import { tokenAffinity } from '../src/token-affinity.js';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(async () => {
  await initBackend();
});

test.each(['pseudo_labels', 'pseudo_labels_corrected'])(
  'equals the recorded affinity of %s',
  async (name) => {
    const g = fixture(name);
    const affinity = tokenAffinity(g['token_label']!, { ignoreIndex: 255 });
    expect(affinity.dtype).toBe('int32');
    await expectClose(affinity, g['affinity']!, {});
  },
);

test('pairs, ignored tokens and the diagonal', async () => {
  const affinity = tokenAffinity(tf.tensor2d([[0, 3, 3, 9]], [1, 4], 'int32'), { ignoreIndex: 9 });
  expect(await affinity.array()).toEqual([
    [
      [9, 0, 0, 9],
      [0, 9, 1, 9],
      [0, 1, 9, 9],
      [9, 9, 9, 9],
    ],
  ]);
});

test('is symmetric', async () => {
  const labels = tf.cast(tf.randomUniform([2, 4, 5], 0, 4, 'float32', 1), 'int32');
  const affinity = tokenAffinity(labels, { ignoreIndex: 3 });
  expect(affinity.shape).toEqual([2, 20, 20]);
  await expectClose(tf.transpose(affinity, [0, 2, 1]), affinity, {});
});

test('leaves nothing behind', () => {
  const labels = tf.zeros([1, 6], 'int32');
  const before = tf.memory().numTensors;
  tokenAffinity(labels, { ignoreIndex: 255 }).dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('an ignoreIndex that means something else is refused', () => {
  expect(() => tokenAffinity(tf.zeros([1, 4]), { ignoreIndex: 1 })).toThrow(/already means equal/);
});
