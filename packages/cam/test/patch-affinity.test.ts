import { beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { patchAffinity, spreadPlanes } from '../src/patch-affinity.js';

beforeAll(() => initBackend());

/** Rows of attention `[1,heads,T,T]` that sum to 1. */
const attention = (seed: number): tf.Tensor4D =>
  tf.softmax(tf.randomNormal([1, 2, 5, 5], 0, 2, 'float32', seed));

test('rows are distributions over patches: the mean over blocks and heads, without the class token', async () => {
  const blocks = [attention(1), attention(2)];
  const affinity = await patchAffinity(blocks, { prefixTokens: 1 }).array();
  const [first, second] = (await Promise.all(blocks.map((block) => block.array()))) as [
    number[][][][],
    number[][][][],
  ];
  for (let i = 0; i < 4; i++) {
    const row = Array.from({ length: 4 }, (_, j) =>
      [first, second].reduce(
        (sum, block) => sum + block[0]![0]![i + 1]![j + 1]! + block[0]![1]![i + 1]![j + 1]!,
        0,
      ),
    );
    const total = row.reduce((a, b) => a + b);
    row.forEach((value, j) => {
      expect(affinity[0]![i]![j]!).toBeCloseTo(value / total, 6);
    });
  }
});

test('planes spread along it: constants stay, and a patch takes what its row says', async () => {
  const affinity = patchAffinity([attention(3)], { prefixTokens: 1 });
  const planes = tf.concat([tf.ones([1, 2, 2, 1]), tf.tensor4d([1, 0, 0, 0], [1, 2, 2, 1])], 3);
  const spread = await spreadPlanes(planes, affinity, { grid: [2, 2] }).array();
  const rows = await affinity.array();
  [0, 1, 2, 3].forEach((i) => {
    const [constant, first] = spread[0]![i >> 1]![i & 1]!;
    expect(constant).toBeCloseTo(1, 6);
    expect(first).toBeCloseTo(rows[0]![i]![0]!, 6);
  });
  const twice = await spreadPlanes(planes, affinity, { grid: [2, 2], iterations: 2 }).array();
  expect(twice[0]![0]![0]![1]).toBeCloseTo(
    rows[0]![0]!.reduce((sum, share, j) => sum + share * rows[0]![j]![0]!, 0),
    6,
  );
});

test('leaves nothing behind, and refuses what is no attention among all tokens', async () => {
  const block = attention(4);
  const planes = tf.ones([1, 4, 4, 3]);
  await expectNoLeak(() => {
    const affinity = patchAffinity([block], { prefixTokens: 1 });
    return { affinity, spread: spreadPlanes(planes, affinity, { grid: [2, 2] }) };
  });
  expect(() => patchAffinity([], { prefixTokens: 1 })).toThrow('no attention given');
  expect(() => patchAffinity([tf.ones([1, 2, 5, 4])], { prefixTokens: 1 })).toThrow(
    'patchAffinity: attention',
  );
});
