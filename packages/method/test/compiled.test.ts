import { beforeAll, expect, test } from '@jest/globals';
import { flattenTree } from '@toco/core';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { recordKernels } from '@toco/testing';
import type * as tf from '@tensorflow/tfjs-core';
import { lanesOf, type Lanes } from '@toco/graph';
import { trainStep } from '../src/train-step.js';
import { initTrainState } from '../src/train-state.js';
import { smallRun, type SmallRun } from './small-run.js';

beforeAll(() => initBackend());

/** Losses of five steps, compiled. */
async function compiledLosses(
  { network, config, batch, phase }: SmallRun,
  steps: number,
  { forward: targetForward, options }: Lanes,
): Promise<Record<string, number>[]> {
  const state = initTrainState(network, network.init(7));
  const step = trainStep(config, { network, targetForward });
  const compiled = await compile(step, { state, batch, phase }, options);
  const rows: Record<string, number>[] = [];
  const kernels = await recordKernels(async () => {
    for (let i = 0; i < steps; i++) rows.push((await compiled.run(batch, phase)) as Record<string, number>);
  });
  // nothing falls back to single operations unseen
  expect([...kernels.keys()]).toEqual([]);
  compiled.dispose();
  return rows;
}

// As TensorFlow shares many threads, and as two are shared.
const sharings = ([8, 2] as const).map(
  (threads) => [threads, lanesOf({ backend: 'tensorflow', device: 'cpu', threads })] as const,
);

test.each(sharings)(
  'compiled for %i threads and eager agree over five steps of the whole iteration',
  async (_, lanes) => {
    const run = await smallRun();
    const { step, batch, phase } = run;
    let { state } = run;
    const rows = await compiledLosses(run, 5, lanes);
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
  },
);

test.each(sharings)('two runs of fifty compiled steps for %i threads are bit-identical', async (_, lanes) => {
  const run = await smallRun();
  expect(await compiledLosses(run, 50, lanes)).toEqual(await compiledLosses(run, 50, lanes));
});
