import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { fixtureJson } from '@toco/testing';
import { learningRate, learningRateTensor } from '../../src/optimizer/learning-rate.js';

interface Run {
  lr: number;
  warmup_iter: number;
  warmup_ratio: number;
  max_iter: number;
  power: number;
  rows: { t: number; lr: number; lr_heads: number }[];
}

beforeAll(() => initBackend());

describe.each(Object.entries(fixtureJson<Record<string, Run>>('schedule')))(
  'learning rate of %s',
  (_, run) => {
    const schedule = {
      lr: run.lr,
      warmup: run.warmup_iter,
      warmupRatio: run.warmup_ratio,
      iterations: run.max_iter,
      power: run.power,
    };

    test.each(run.rows)('at iteration $t', async ({ t, lr, lr_heads: heads }) => {
      expect(Math.abs(learningRate(schedule, t) - lr)).toBeLessThanOrEqual(1e-12 * lr);
      expect(Math.abs(10 * learningRate(schedule, t) - heads)).toBeLessThanOrEqual(1e-12 * heads);
      const [inFloats] = await learningRateTensor(schedule, tf.scalar(t, 'int32')).data();
      // 32-bit floats, at both ends of the schedule too
      expect(Math.abs(inFloats! - lr)).toBeLessThanOrEqual(1e-6 * lr);
    });
  },
);

test('a run without warm-up begins at the full rate', async () => {
  const schedule = { lr: 0.1, warmup: 0, warmupRatio: 1e-6, iterations: 10, power: 1 };
  expect(learningRate(schedule, 0)).toBe(0.1);
  expect((await learningRateTensor(schedule, tf.scalar(5, 'int32')).data())[0]).toBeCloseTo(0.05, 7);
});
