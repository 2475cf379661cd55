import { beforeAll, expect, test } from '@jest/globals';
import { flattenTree, type TensorTree } from '@toco/core';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import type * as tf from '@tensorflow/tfjs-core';
import { initTrainState } from '../src/train-state.js';
import { trainStep } from '../src/train-step.js';
import { smallConfig, smallRun } from './small-run.js';

beforeAll(() => initBackend());

/** ‖a − b‖ / ‖b‖ over all leaves. */
function distance(a: TensorTree, b: TensorTree): number {
  let [difference, size] = [0, 0];
  const expected = flattenTree(b);
  for (const [path, leaf] of flattenTree(a)) {
    const values = expected.get(path)!.dataSync();
    leaf.dataSync().forEach((value, i) => {
      difference += (value - values[i]!) ** 2;
      size += values[i]! ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

test('a batch in two parts trains as the whole one: weights, teacher and moments after five compiled steps, metrics of each', async () => {
  const { network, batch, phase } = await smallRun();
  const runs = [];
  for (const accumulate of [1, 2]) {
    const step = trainStep(smallConfig({ groupSize: 1, accumulate }), { network });
    const state = initTrainState(network, network.init(7));
    const compiled = await compile(step, { state, batch, phase });
    const rows: Record<string, number>[] = [];
    for (let i = 0; i < 5; i++) rows.push((await compiled.run(batch, phase)) as Record<string, number>);
    const { step: done, ...trained } = await compiled.state();
    expect(done.dataSync()[0]).toBe(5);
    runs.push({ trained, rows });
    compiled.dispose();
  }
  const [whole, parted] = runs;
  for (const key of ['params', 'teacher'] as const)
    expect(distance(parted!.trained[key], whole!.trained[key])).toBeLessThan(1e-5);
  expect(distance(parted!.trained.optimizer.m, whole!.trained.optimizer.m)).toBeLessThan(1e-4);
  whole!.rows.forEach((row, i) => {
    for (const [name, value] of Object.entries(row))
      expect(Math.abs(parted!.rows[i]![name]! - value)).toBeLessThanOrEqual(1e-4 * Math.abs(value) + 1e-7);
  });
});

test('gradients that the terms do not reach are not reduced, and stay zero', async () => {
  const { network, state, batch } = await smallRun();
  const asked: string[][] = [];
  const reduce = (grads: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
    asked.push(Object.keys(grads));
    return grads;
  };
  const weights = { cls: 1, clsAux: 1, ptc: 0, ctc: 0, seg: 0, reg: 0 };
  const step = trainStep(smallConfig(), { network, reduce });
  const plain = trainStep(smallConfig(), { network });
  const phase = { weights, labelCam: 'main' } as const;
  const [reduced, own] = [step(state, batch, phase), plain(state, batch, phase)];
  expect(asked).toHaveLength(1);
  const prefixes = new Set(asked[0]!.map((path) => path.split('.')[0]));
  expect([...prefixes].sort()).toEqual(['aux_classifier', 'classifier', 'encoder']);
  expect(distance(reduced.state, own.state)).toBe(0);
});

test('parts that do not divide the batch are refused', async () => {
  const { network, state, batch, phase } = await smallRun();
  const step = trainStep(smallConfig({ groupSize: 1, accumulate: 3 }), { network });
  expect(() => step(state, batch, phase)).toThrow('accumulate 3 does not divide a batch of 2 images.');
});
