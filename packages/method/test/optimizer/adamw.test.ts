import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { adamW, initAdamW } from '../../src/optimizer/adamw.js';

beforeAll(() => initBackend());

/** The textbook form, in 64-bit floats. */
function textbook(theta: number, gradients: number[], { lr, decay }: { lr: number; decay: number }): number {
  let [m, v, x] = [0, 0, theta];
  gradients.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= lr * decay * x;
    x -= (lr * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
  });
  return x;
}

test('agrees with the textbook form over ten updates, tiny gradients included', async () => {
  const group = { name: 'all', prefixes: ['w'], lrScale: 10, weightDecay: 0.01 };
  const groups = new Map([['w', group]]);
  const start = [1, -2, 0.5, 3];
  const gradient = (i: number): number[] => [Math.sin(i), 1e-7 * Math.cos(i), i, 0];
  const lr = tf.scalar(1e-3);
  let parameters: Record<string, tf.Tensor> = { w: tf.tensor1d(start) };
  let state = initAdamW(parameters);
  for (let i = 0; i < 10; i++) {
    const step = tf.scalar(i, 'int32');
    ({ parameters, state } = adamW(
      parameters,
      { w: tf.tensor1d(gradient(i)) },
      {
        state,
        step,
        lr,
        groups,
        options: { betas: [0.9, 0.999], epsilon: 1e-8 },
      },
    ));
  }
  const result = await parameters['w']!.data();
  start.forEach((theta, k) => {
    const expected = textbook(
      theta,
      Array.from({ length: 10 }, (_, i) => gradient(i)[k]!),
      { lr: 1e-2, decay: 0.01 },
    );
    expect(Math.abs(result[k]! - expected)).toBeLessThanOrEqual(2e-6 * Math.abs(theta));
  });
});

test('a gradient of zero still decays and counts', async () => {
  const parameters = { w: tf.tensor1d([1]) };
  const next = adamW(
    parameters,
    { w: tf.zeros([1]) },
    {
      state: initAdamW(parameters),
      step: tf.scalar(0, 'int32'),
      lr: tf.scalar(0.1),
      groups: new Map([['w', { name: 'all', prefixes: ['w'], lrScale: 1, weightDecay: 0.5 }]]),
      options: { betas: [0.9, 0.999], epsilon: 1e-8 },
    },
  );
  expect((await next.parameters['w']!.data())[0]).toBeCloseTo(0.95, 6);
});

test('makes three tensors per parameter and keeps nothing else', () => {
  const parameters = { a: tf.ones([3]), b: tf.ones([2, 2]) };
  const state = initAdamW(parameters);
  const group = { name: 'all', prefixes: ['a', 'b'], lrScale: 1, weightDecay: 0 };
  const groups = new Map([
    ['a', group],
    ['b', group],
  ]);
  const [step, lr] = [tf.scalar(0, 'int32'), tf.scalar(0.1)];
  const grads = { a: tf.ones([3]), b: tf.ones([2, 2]) };
  const before = tf.memory().numTensors;
  adamW(parameters, grads, { state, step, lr, groups, options: { betas: [0.9, 0.999], epsilon: 1e-8 } });
  expect(tf.memory().numTensors - before).toBe(6);
});
