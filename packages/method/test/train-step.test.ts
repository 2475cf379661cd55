import { beforeAll, describe, expect, test } from '@jest/globals';
import { flattenTree, type TensorTree } from '@toco/core';
import type { ApplyOptions } from '@toco/backbone';
import { checkpointed } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import {
  checkedOperations,
  expectClose,
  expectNoLeak,
  kernelCases,
  recordKernels,
  recordTape,
} from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { smallConfig, smallRun } from './small-run.js';
import { inLanes } from '@toco/graph';
import { trainStep } from '../src/train-step.js';

beforeAll(() => initBackend());

async function valuesOf(tree: TensorTree): Promise<Record<string, number[]>> {
  const leaves = [...flattenTree(tree)];
  const values = await Promise.all(
    leaves.map(async ([path, leaf]) => [path, Array.from(await leaf.data())] as const),
  );
  return Object.fromEntries(values);
}

const off = { cls: 1, clsAux: 1, ptc: 0, ctc: 0, seg: 0, reg: 0 };

test('the same step twice from the same state is bit-identical, and the state that was given is untouched', async () => {
  const { step, state, batch, phase } = await smallRun();
  const before = await valuesOf(state);
  const first = step(state, batch, phase);
  const second = step(state, batch, phase);
  expect(await valuesOf(second.state)).toEqual(await valuesOf(first.state));
  expect(await valuesOf(second.metrics)).toEqual(await valuesOf(first.metrics));
  expect(await valuesOf(state)).toEqual(before);
});

test('the number of tensors is flat over steps', async () => {
  const run = await smallRun();
  const { step, batch, phase } = run;
  let { state } = run;
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    const { state: next, metrics } = step(state, batch, phase);
    const kept = new Set(flattenTree(next).values());
    for (const leaf of flattenTree(state).values()) if (!kept.has(leaf)) leaf.dispose();
    for (const leaf of flattenTree(metrics).values()) leaf.dispose();
    state = next;
    counts.push(tf.memory().numTensors);
  }
  expect(new Set(counts).size).toBe(1);
});

test('a step leaves nothing behind but state and metrics', async () => {
  const { step, state, batch, phase } = await smallRun();
  const shared = new Set(flattenTree(state).values());
  await expectNoLeak(() => {
    const { state: next, metrics } = step(state, batch, phase);
    const fresh = [...flattenTree(next).values()].filter((leaf) => !shared.has(leaf));
    return { fresh, metrics };
  });
});

test('of second view and local crops nothing but the class tokens is computed in the last block', async () => {
  const { network, config, state, batch, phase } = await smallRun();
  const whole: number[] = [];
  const alone: number[] = [];
  const watched: typeof network = {
    ...network,
    forward: (params, images, options) => {
      whole.push(images.shape[1]);
      return network.forward(params, images, options);
    },
    clsToken: (params, images, options) => {
      alone.push(images.shape[1]);
      return network.clsToken(params, images, options);
    },
  };
  trainStep(config, { network: watched })(state, batch, phase);
  expect(whole).toEqual([64, 64, 32, 96]); // the main view, mirrored, and the other scales of the CAMs
  expect(alone).toEqual([64, 24]);
});

test('frozen parameters are shared, everything else is new', async () => {
  const { step, state, batch, phase } = await smallRun();
  const next = step(state, batch, phase).state;
  const [old, fresh] = [flattenTree(state.params), flattenTree(next.params)];
  const shared = [...fresh].filter(([path, leaf]) => old.get(path) === leaf).map(([path]) => path);
  expect(shared.sort()).toEqual(['encoder.pos_embed', 'proj_head.last_layer.weight_g']);
  expect((await next.step.data())[0]).toBe(1);
});

test('every kernel and operation on the way of the gradient has a finite-difference check', async () => {
  const { step, state, batch, phase } = await smallRun();
  const { kernels, operations } = recordTape(() => step(state, batch, phase));
  const checkedKernels = new Set(kernelCases.map(({ kernel }) => kernel));
  expect([...kernels].filter((kernel) => !checkedKernels.has(kernel))).toEqual([]);
  const losses = [
    'losses/cls-loss',
    'losses/ctc-loss',
    'losses/dense-energy-loss',
    'losses/ptc-loss',
    'losses/seg-loss',
  ];
  expect([...operations].filter((name) => !checkedOperations.includes(name)).sort()).toEqual(losses);
});

describe('phases', () => {
  test('terms of weight 0 cost nothing: no CAM, no crops, no decoder', async () => {
    const { step, state, batch, phase } = await smallRun();
    const all = await recordKernels(() => step(state, batch, phase));
    const few = await recordKernels(() => step(state, batch, { ...phase, weights: off }));
    expect(all.get('TopK')).toBe(1);
    expect(few.get('TopK')).toBeUndefined();
    expect(few.get('AvgPool')).toBeUndefined();
    const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b);
    expect(sum(few)).toBeLessThan(0.5 * sum(all));
  });

  test('parameters of a term that is off still decay, as with a gradient of 0', async () => {
    const { step, state, batch, phase, config } = await smallRun({
      optimizer: { lr: 0.1, warmup: 0, iterations: 10 },
    });
    const next = step(state, batch, { ...phase, weights: off }).state;
    const path = 'decoder.conv7.weight';
    const before = await flattenTree(state.params).get(path)!.data();
    const after = await flattenTree(next.params).get(path)!.data();
    const keep = 1 - 0.1 * config.optimizer.headLrScale * config.optimizer.weightDecay;
    after.forEach((value, i) => {
      expect(value).toBeCloseTo(before[i]! * keep, 7);
    });
  });

  test('a term of weight 0 can be measured, and changes nothing', async () => {
    const { step, state, batch, phase } = await smallRun();
    const weights = { ...phase.weights, seg: 0, reg: 0 };
    const measured = step(state, batch, { ...phase, weights, measure: ['seg', 'reg'] });
    const plain = step(state, batch, { ...phase, weights });
    expect(Object.keys(plain.metrics)).not.toContain('seg');
    expect((await measured.metrics.seg!.data())[0]).toBeGreaterThan(0);
    expect(await valuesOf(measured.state)).toEqual(await valuesOf(plain.state));
  });

  test('labels come from the CAM that the phase names', async () => {
    const { step, state, batch, phase } = await smallRun();
    const main = step(state, batch, { ...phase, labelCam: 'main' }).metrics;
    const aux = step(state, batch, { ...phase, labelCam: 'aux' }).metrics;
    expect((await aux.seg!.data())[0]).not.toBe((await main.seg!.data())[0]);
    expect((await aux.ptc!.data())[0]).toBe((await main.ptc!.data())[0]);
  });

  test('a phase without any weight is an error', async () => {
    const { step, state, batch, phase } = await smallRun();
    expect(() => step(state, batch, { ...phase, weights: { ...off, cls: 0, clsAux: 0 } })).toThrow(
      'All weights',
    );
  });
});

test('the behaviors differ in labels, crops and terms', async () => {
  const { network, state, batch, phase } = await smallRun();
  const values = async (behavior: 'reference' | 'corrected') =>
    valuesOf(trainStep(smallConfig({ behavior }), { network })(state, batch, phase).metrics);
  const [reference, corrected] = [await values('reference'), await values('corrected')];
  for (const key of ['ptc', 'tokenIgnored']) expect(corrected[key]).not.toEqual(reference[key]);
  expect(corrected['cls']).toEqual(reference['cls']);
});

test('a group size normalizes PTC and the segmentation loss per group', async () => {
  const { network, state, batch, phase } = await smallRun();
  const values = async (groupSize: number) =>
    valuesOf(trainStep(smallConfig({ groupSize }), { network })(state, batch, phase).metrics);
  const [one, two] = [await values(1), await values(2)];
  for (const key of ['ptc', 'seg']) expect(one[key]).not.toEqual(two[key]);
  for (const key of ['cls', 'clsAux', 'ctc', 'reg']) expect(one[key]).toEqual(two[key]);
});

test('planes of absent classes may be left out without changing the step', async () => {
  const { step, state, batch, phase } = await smallRun();
  const labels = await batch.labels.array();
  const most = Math.max(...labels.map((row) => row.reduce((a, b) => a + b)));
  const rows = labels.map((row) => {
    const present = row.flatMap((label, c) => (label > 0 ? [c] : []));
    return [...present, ...Array<number>(most - present.length).fill(-1)];
  });
  const presentClasses = tf.tensor2d(rows, [2, most], 'int32');
  const all = await valuesOf(step(state, batch, phase).metrics);
  const few = await valuesOf(step(state, { ...batch, presentClasses }, phase).metrics);
  for (const [key, [value]] of Object.entries(all)) expect(few[key]![0]).toBeCloseTo(value!, 5);
});

test('recomputing blocks in the backward pass changes nothing', async () => {
  const { network, config, step, state, batch, phase } = await smallRun();
  const recomputing = trainStep(config, { network, forward: { wrapBlock: checkpointed } });
  const [plain, again] = [step(state, batch, phase), recomputing(state, batch, phase)];
  const [expected, actual] = [flattenTree(plain.state.optimizer.m), flattenTree(again.state.optimizer.m)];
  // gradients that meet are added in another order
  for (const [path, moment] of expected)
    await expectClose(actual.get(path)!, moment, { relative: 1e-5, absolute: 1e-9 });
  expect((await again.metrics.loss.data())[0]).toBe((await plain.metrics.loss.data())[0]);
});

test('the CAMs are computed by what their passes are told, and stay what they are', async () => {
  const { network, config, step, state, batch, phase } = await smallRun();
  let blocks = 0;
  const targetForward: ApplyOptions = {
    wrapBlock: (block) => (tokens, weights) => {
      blocks++;
      return inLanes(2)(block)(tokens, weights);
    },
  };
  const inParts = trainStep(config, { network, targetForward });
  const [whole, parts] = [step(state, batch, phase), inParts(state, batch, phase)];
  // scales 1 (mirrored; the main view has seen the rest), 0.5 and 1.5
  expect(blocks).toBe(3 * 4);
  await expectClose(parts.metrics.loss, whole.metrics.loss, { relative: 1e-6 });
});
