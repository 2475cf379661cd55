import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { memoryGrowth } from '@toco/testing';
import { compile } from '../src/compile.js';
import { leavesOf } from './leaves.js';

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

const side = 1000;

interface State {
  a: tf.Tensor2D;
  b: tf.Tensor2D;
}

/** Compiles, runs and frees a program that holds 8 MB of state. */
async function once(state: State, batch: { x: tf.Tensor2D }): Promise<void> {
  const compiled = await compile(
    ({ a, b }: State, { x }: { x: tf.Tensor2D }, phase: number) => ({
      state: { a: tf.add(a, tf.mul(b, phase)), b: tf.sub(b, x) },
      metrics: { sum: tf.sum(tf.matMul(a, x)) as tf.Scalar },
    }),
    { state, batch, phase: 1 },
  );
  const evaluate = compiled.function(
    ({ a }: State, { x }: { x: tf.Tensor2D }) => tf.sum(tf.mul(a, x)) as tf.Scalar,
  );
  await compiled.run(batch);
  await compiled.run(batch, 2);
  await evaluate.run(batch);
  tf.dispose(leavesOf(await compiled.state()));
  compiled.dispose();
}

test('30 programs of 8 MB compiled and disposed leave memory flat', async () => {
  const state: State = { a: tf.ones([side, side]), b: tf.ones([side, side]) };
  const batch = { x: tf.ones([side, side]) as tf.Tensor2D };
  await once(state, batch);
  const tensors = tf.memory().numTensors;
  const growth = await memoryGrowth(async () => {
    for (let i = 0; i < 10; i++) await once(state, batch);
  });
  expect(tf.memory().numTensors).toBe(tensors);
  // A leak of one state per program would be 80 MB.
  expect(growth).toBeLessThan(20);
});

test('what the state was made from is freed before the first run', async () => {
  const [count, size] = [20, 1_500_000]; // 120 MB
  const compileState = async () => {
    const leaves = Array.from({ length: count }, () => tf.tensor1d(new Float32Array(size)));
    const state = Object.fromEntries(leaves.map((leaf, i) => [`leaf${i}`, leaf]));
    const compiled = await compile(
      (state: Record<string, tf.Tensor1D>) => ({
        state,
        metrics: { sum: tf.sum(state['leaf0']!) as tf.Scalar },
      }),
      { state, batch: {} },
    );
    tf.dispose(leaves);
    return compiled;
  };
  const compiled = await compileState();
  await compiled.run({});
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(count * size); // a quarter of the bytes
  compiled.dispose();
});
