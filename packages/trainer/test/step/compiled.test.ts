import { beforeAll, expect, test } from '@jest/globals';
import { flattenTree } from '@toco/core';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { recordKernels } from '@toco/testing';
import type * as tf from '@tensorflow/tfjs-core';
import { initTrainState } from '../../src/step/train-state.js';
import { smallRun, type SmallRun } from './small-run.js';

beforeAll(() => initBackend());

/** Losses of five steps, compiled. */
async function compiledLosses(
  { step, network, batch, phase }: SmallRun,
  steps: number,
): Promise<Record<string, number>[]> {
  const state = initTrainState(network, network.init(7));
  const compiled = await compile(step, { state, batch, phase });
  const rows: Record<string, number>[] = [];
  const kernels = await recordKernels(async () => {
    for (let i = 0; i < steps; i++) rows.push((await compiled.run(batch, phase)) as Record<string, number>);
  });
  // nothing falls back to single operations unseen
  expect([...kernels.keys()]).toEqual([]);
  compiled.dispose();
  return rows;
}

test('compiled and eager agree over five steps of the whole iteration', async () => {
  const run = await smallRun();
  const { step, batch, phase } = run;
  let { state } = run;
  const rows = await compiledLosses(run, 5);
  const onePixel = 1 / batch.images.shape.slice(0, 3).reduce((product, n) => product * n, 1);
  for (const [i, row] of rows.entries()) {
    const eager = step(state, batch, phase);
    state = eager.state;
    for (const [name, value] of flattenTree(eager.metrics)) {
      const [expected] = await (value as tf.Scalar).data();
      // Where two classes tie within rounding a pixel's label may fall either way.
      const bound = name === 'pixelIgnored' ? 1.01 * onePixel : 1e-5 * Math.abs(expected!) + 1e-9;
      expect([i, name, Math.abs(row[name]! - expected!) <= bound]).toEqual([i, name, true]);
    }
  }
});

test('two runs of fifty compiled steps are bit-identical', async () => {
  const run = await smallRun();
  expect(await compiledLosses(run, 50)).toEqual(await compiledLosses(run, 50));
});
