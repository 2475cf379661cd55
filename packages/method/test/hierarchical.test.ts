import { beforeAll, expect, test } from '@jest/globals';
import { swin, type SwinParams } from '@toco/backbone';
import { flattenTree, type TensorTree } from '@toco/core';
import { checkpointed, compile } from '@toco/graph';
import { createNetwork, type Network } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { checkedOperations, kernelCases, recordTape } from '@toco/testing';
import type * as tf from '@tensorflow/tfjs-core';
import { computeTargets } from '../src/targets.js';
import { initTrainState, type TrainState } from '../src/train-state.js';
import { trainStep } from '../src/train-step.js';
import { smallBatch, smallConfig } from './small-run.js';

beforeAll(() => initBackend());

/** 64×64 pixels are 4×4 tokens and 8×8 auxiliary ones; crops of 24 pixels fill no window. */
function hierarchicalNetwork(): Network<SwinParams> {
  return createNetwork({
    backbone: swin({ patchSize: 8, dim: 12, depths: [2, 2], heads: [2, 3], window: 4 }),
    numClasses: 5,
    decoderDim: 16,
    projection: { hidden: 32, bottleneck: 12, out: 32 },
  });
}

async function valuesOf(tree: TensorTree): Promise<Record<string, number[]>> {
  const leaves = [...flattenTree(tree)];
  const values = await Promise.all(
    leaves.map(async ([path, leaf]) => [path, Array.from(await leaf.data())] as const),
  );
  return Object.fromEntries(values);
}

test('targets: CAMs of both grids, token labels and affinity on that of the final tokens', async () => {
  const network = hierarchicalNetwork();
  const batch = await smallBatch();
  const config = smallConfig();
  const { params } = network.init(7);
  const main = network.forward(params, batch.images);
  expect([main.grid, main.auxGrid]).toEqual([
    [4, 4],
    [8, 8],
  ]);
  const raw = network.rawCams(params, main);
  expect([raw.cam.shape, raw.camAux.shape]).toEqual([
    [2, 4, 4, 5],
    [2, 8, 8, 5],
  ]);
  const targets = computeTargets({ network, config, phase: config.phases[0]! }, { params, batch, main });
  expect(targets.cam!.shape).toEqual([2, 64, 64, 5]);
  expect(targets.camAux!.shape).toEqual([2, 64, 64, 5]);
  expect(targets.tokenLabels!.shape).toEqual([2, 4, 4]);
  expect(targets.affinity!.shape).toEqual([2, 16, 16]);
});

test('the whole step reaches every trained parameter, and its loss falls on a batch that is repeated', async () => {
  const network = hierarchicalNetwork();
  const batch = await smallBatch();
  const config = smallConfig({ optimizer: { lr: 6e-4, warmup: 0, iterations: 20 } });
  const [step, phase] = [trainStep(config, { network }), config.phases[0]!];
  let state = initTrainState(network, network.init(7));
  const before = await valuesOf(state.params);
  const rows: Record<string, number[]>[] = [];
  for (let i = 0; i < 4; i++) {
    const next = step(state, batch, phase);
    rows.push(await valuesOf(next.metrics));
    state = next.state;
  }
  for (const row of rows) {
    for (const [name, [value]] of Object.entries(row))
      expect([name, Number.isFinite(value)]).toEqual([name, true]);
  }
  for (const name of ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg']) expect(rows[0]![name]![0]).not.toBe(0);
  const falls = (name: string): void => expect(rows.at(-1)![name]![0]).toBeLessThan(rows[0]![name]![0]!);
  ['loss', 'cls', 'clsAux'].forEach(falls);
  const after = await valuesOf(state.params);
  const unchanged = Object.keys(before).filter((path) => String(before[path]) === String(after[path]));
  expect(unchanged).toEqual(['proj_head.last_layer.weight_g']);
});

test('every kernel and operation on the way of the gradient has a finite-difference check', async () => {
  const network = hierarchicalNetwork();
  const batch = await smallBatch();
  const config = smallConfig();
  const state = initTrainState(network, network.init(7));
  const { kernels, operations } = recordTape(() =>
    trainStep(config, { network })(state, batch, config.phases[0]!),
  );
  const checkedKernels = new Set(kernelCases.map(({ kernel }) => kernel));
  expect([...kernels].filter((kernel) => !checkedKernels.has(kernel))).toEqual([]);
  const unchecked = [...operations].filter((name) => !checkedOperations.includes(name));
  expect(unchecked.every((name) => name.startsWith('losses/'))).toBe(true); // they have their own tests
});

test('recomputing blocks in the backward pass changes nothing', async () => {
  const network = hierarchicalNetwork();
  const batch = await smallBatch();
  const config = smallConfig();
  const state = initTrainState(network, network.init(7));
  const phase = config.phases[0]!;
  const plain = trainStep(config, { network })(state, batch, phase);
  const again = trainStep(config, { network, forward: { wrapBlock: checkpointed } })(state, batch, phase);
  expect(await valuesOf(again.metrics)).toEqual(await valuesOf(plain.metrics));
  expect(await valuesOf(again.state)).toEqual(await valuesOf(plain.state));
});

test('compiled and eager agree over two steps', async () => {
  const network = hierarchicalNetwork();
  const batch = await smallBatch();
  const config = smallConfig();
  const [step, phase] = [trainStep(config, { network }), config.phases[0]!];
  const initial = (): TrainState<SwinParams> => initTrainState(network, network.init(7));
  const compiled = await compile(step, { state: initial(), batch, phase });
  let state = initial();
  for (let i = 0; i < 2; i++) {
    const row = (await compiled.run(batch, phase)) as Record<string, number>;
    const eager = step(state, batch, phase);
    state = eager.state;
    for (const [name, value] of flattenTree(eager.metrics)) {
      const [expected] = await (value as tf.Scalar).data();
      const difference = Math.abs(row[name]! - expected!);
      expect([i, name, difference <= 1e-5 * Math.abs(expected!) + 1e-9]).toEqual([i, name, true]);
    }
  }
  compiled.dispose();
});
