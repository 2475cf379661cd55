import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { memoryGrowth } from '@toco/testing';
import { compile, compileFunction } from '../src/compile.js';
import { fused } from '../src/fused.js';

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

/** What the channel of traces told during a test. */
const told: { event: string; name: string; held: number }[] = [];
const listen = (message: unknown): void => void told.push(message as (typeof told)[number]);
beforeEach(() => {
  told.length = 0;
  subscribe('@toco/graph:traces', listen);
});
afterEach(() => {
  unsubscribe('@toco/graph:traces', listen);
});
const count = (event: string): number => told.filter((message) => message.event === event).length;

const ones = (length: number) => ({ x: { data: new Float32Array(length).fill(1), shape: [length] } });

test('the trace unused for longest makes room, and comes back when it is needed', async () => {
  const { run, dispose } = await compileFunction(
    (_: object, { x }: { x: tf.Tensor1D }) => tf.sum(x) as tf.Scalar,
    { params: {}, inputs: ones(1) },
    { maxTraces: 2 },
  );
  for (const [length, traced] of [
    [1, 1],
    [2, 2],
    [1, 2], // now 2 is the one unused for longest
    [3, 3],
    [1, 3],
    [2, 4],
    [3, 5],
  ] as const) {
    expect(await run(ones(length))).toBe(length);
    expect(count('traced')).toBe(traced);
  }
  expect(count('released')).toBe(3);
  expect(Math.max(...told.map(({ held }) => held))).toBe(2);
  dispose();
});

test('calls that wait are answered though their trace makes room meanwhile', async () => {
  const { run, dispose } = await compileFunction(
    (_: object, { x }: { x: tf.Tensor1D }) => tf.sum(x) as tf.Scalar,
    { params: {}, inputs: ones(1) },
    { maxTraces: 1 },
  );
  const lengths = [1, 2, 3, 1, 2, 3, 3, 1];
  expect(await Promise.all(lengths.map((length) => run(ones(length))))).toEqual(lengths);
  dispose();
});

test('memory stays flat over 600 shapes', async () => {
  const weight = tf.randomNormal([32, 32], 0, 0.2, 'float32', 1);
  const layers = (w: tf.Tensor2D, x: tf.Tensor2D): tf.Tensor2D => {
    let h = x;
    for (let i = 0; i < 10; i++) h = tf.tanh(tf.matMul(h, w));
    return h;
  };
  const batch = (rows: number) => ({ x: { data: new Float32Array(rows * 32).fill(0.1), shape: [rows, 32] } });
  const compiled = await compile(
    ({ w }: { w: tf.Tensor2D }, { x }: { x: tf.Tensor2D }) => ({
      state: { w: tf.mul<tf.Tensor2D>(w, 0.999) },
      metrics: { mean: tf.mean(layers(w, x)) as tf.Scalar },
    }),
    { state: { w: weight as tf.Tensor2D }, batch: batch(1) },
    { maxTraces: 4 },
  );
  const growth = await memoryGrowth(async (time) => {
    for (let rows = 1; rows <= 150; rows++) await compiled.run(batch(150 * time + rows));
  });
  // Where no trace was released it was 28 MB.
  expect(growth).toBeLessThan(10);
  expect(count('traced')).toBe(600);
  expect(told.at(-1)!.held).toBe(4);
  compiled.dispose();
});

test('memory stays flat over pieces of XLA, and the state goes along', async () => {
  const piece = fused((a: tf.Tensor1D) => tf.sigmoid(tf.add(tf.mul(a, 2), 1)));
  const compiled = await compile(
    ({ n }: { n: tf.Scalar }, { x }: { x: tf.Tensor1D }) => ({
      state: { n: tf.add(n, 1) as tf.Scalar },
      metrics: { n, mean: tf.mean(piece(x)) as tf.Scalar },
    }),
    { state: { n: tf.scalar(0) }, batch: ones(1) },
    { maxTraces: 1 },
  );
  const expected = 1 / (1 + Math.exp(-3));
  let length = 0;
  const growth = await memoryGrowth(async () => {
    for (let i = 0; i < 40; i++) {
      const { n, mean } = await compiled.run(ones(++length));
      expect(n).toBe(length - 1);
      expect(mean).toBeCloseTo(expected, 5);
    }
  });
  // Where the context was kept it was 14 MB.
  expect(growth).toBeLessThan(7);
  compiled.dispose();
});
