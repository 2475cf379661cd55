import { beforeAll, describe, expect, test } from '@jest/globals';
import { flattenTree } from '@toco/core';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { computeTargets, type Targets } from '../src/targets.js';
import type { Batch } from '../src/batch.js';
import type { Phase } from '../src/phase.js';
import { initTrainState } from '../src/train-state.js';
import { smallBatch, smallRun, type SmallRun } from './small-run.js';

beforeAll(() => initBackend());

const everything: Phase = {
  labelCam: 'main',
  weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 },
};
const segAlone: Phase = {
  labelCam: 'main',
  weights: { cls: 0, clsAux: 0, ptc: 0, ctc: 0, seg: 1, reg: 0 },
};

/** Masks that no pseudo label equals: stripes of all classes, a border that is ignored. */
function stripes(): tf.Tensor3D {
  const data = Int32Array.from({ length: 2 * 64 * 64 }, (_, i) => (i % 64 < 4 ? 255 : i % 6));
  return tf.tensor3d(data, [2, 64, 64], 'int32');
}

function targetsOf({ network, config, state }: SmallRun, batch: Batch, phase: Phase): Targets {
  const main = network.forward(state.params, batch.images);
  return computeTargets({ network, config, phase }, { params: state.params, batch, main });
}

describe('labels of the segmentation term', () => {
  test('are the masks of masked images and the pseudo labels of the others; the regularization keeps its own', async () => {
    const run = await smallRun();
    const plain = targetsOf(run, run.batch, everything);
    const mixed = targetsOf(
      run,
      { ...run.batch, masks: stripes(), masked: tf.tensor1d([0, 1], 'int32') },
      everything,
    );
    const of = async (labels: tf.Tensor3D | undefined, b: number): Promise<number[]> =>
      Array.from(await tf.slice(labels!, [b, 0, 0], [1, -1, -1]).data());
    expect(await of(mixed.segLabels, 0)).toEqual(await of(plain.pixelLabels, 0));
    expect(await of(mixed.segLabels, 1)).toEqual(await of(stripes(), 1));
    for (const b of [0, 1]) expect(await of(mixed.pixelLabels, b)).toEqual(await of(plain.pixelLabels, b));
    expect(plain.segLabels).toBe(plain.pixelLabels);
  });

  test('need no CAM where every image has a mask and nothing else asks for one', async () => {
    const run = await smallRun();
    const batch = { ...run.batch, masks: stripes() };
    expect(Object.keys(targetsOf(run, batch, segAlone))).toEqual(['segLabels']);
    expect(Object.keys(targetsOf(run, batch, everything))).toEqual(
      expect.arrayContaining(['cam', 'pixelLabels', 'segLabels']),
    );
    const off: Phase = { labelCam: 'main', weights: { ...segAlone.weights, cls: 1, seg: 0 } };
    expect(targetsOf(run, batch, off)).toEqual({});
  });
});

const batches: [string, { flags: number[] | undefined; phase: Phase }][] = [
  ['all images, seg alone', { flags: undefined, phase: segAlone }],
  ['one image, every term', { flags: [1, 0], phase: everything }],
];

describe.each(batches)('%s', (_, { flags, phase }) => {
  const batchOf = async (): Promise<Batch> => ({
    ...(await smallBatch()),
    masks: stripes(),
    ...(flags && { masked: tf.tensor1d(flags, 'int32') }),
  });

  test('the loss falls on what the masks say, compiled as eagerly', async () => {
    const run = await smallRun();
    const { network, step } = run;
    const batch = await batchOf();
    const compiled = await compile(step, {
      state: initTrainState(network, network.init(7)),
      batch,
      phase,
    });
    let { state } = run;
    const rows: number[] = [];
    for (let i = 0; i < 8; i++) {
      const eager = step(state, batch, phase);
      state = eager.state;
      const row = (await compiled.run(batch, phase)) as Record<string, number>;
      for (const [name, value] of flattenTree(eager.metrics)) {
        const [expected] = await (value as tf.Scalar).data();
        // Where two classes tie within rounding a pixel's label may fall either way.
        const bound = name === 'pixelIgnored' ? 1.01 / (2 * 64 * 64) : 1e-5 * Math.abs(expected!) + 1e-9;
        expect([i, name, Math.abs(row[name]! - expected!) <= bound]).toEqual([i, name, true]);
      }
      rows.push(row['seg']!);
    }
    compiled.dispose();
    expect(rows.at(-1)!).toBeLessThan(0.98 * rows[0]!);
  });

  test('masks change the term seg alone', async () => {
    const { step, state } = await smallRun();
    const [batch, plain] = [await batchOf(), await smallBatch()];
    const valuesOf = async (from: Batch): Promise<Record<string, number>> => {
      const { metrics } = step(state, from, { ...phase, measure: ['seg', 'reg', 'ptc', 'ctc', 'cls'] });
      const leaves = [...flattenTree(metrics)].filter(([name]) => !/loss|gradNorm/.test(name));
      return Object.fromEntries(
        await Promise.all(leaves.map(async ([name, leaf]) => [name, (await leaf.data())[0]!] as const)),
      );
    };
    const [{ seg, ...others }, { seg: pseudo, ...same }] = [await valuesOf(batch), await valuesOf(plain)];
    expect(others).toEqual(same);
    expect(seg).not.toBeCloseTo(pseudo!, 3);
  });

  test('a step leaves nothing behind, and its batch in peace', async () => {
    const { step, state } = await smallRun();
    const batch = await batchOf();
    const shared = new Set(flattenTree(state).values());
    await expectNoLeak(() => {
      const { state: next, metrics } = step(state, batch, phase);
      const fresh = [...flattenTree(next).values()].filter((leaf) => !shared.has(leaf));
      return { fresh, metrics };
    });
    expect(batch.masks!.isDisposed).toBe(false);
  });
});
