import { beforeAll, expect, test } from '@jest/globals';
import { flattenTree, type TensorTree } from '@toco/core';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { assertAverages, averagedParameters, initAverages } from '../src/averages.js';
import type { LossFunction } from '../src/loss-terms.js';
import { initTrainState } from '../src/train-state.js';
import { trainStep } from '../src/train-step.js';
import { smallConfig, smallRun } from './small-run.js';

beforeAll(() => initBackend());

const averages = {
  slow: { momentum: 0.75, paths: ['encoder.norm', 'classifier'] },
  whole: { momentum: 0.5 },
};
const valuesOf = (tree: TensorTree): Record<string, number[]> =>
  Object.fromEntries([...flattenTree(tree)].map(([path, leaf]) => [path, Array.from(leaf.dataSync())]));

test('averages follow the parameters with their momentum, as the teacher does, and change nothing else', async () => {
  const run = await smallRun({ averages });
  const { network, batch, phase } = run;
  const plainStep = trainStep(smallConfig(), { network });
  let state = initTrainState(network, network.init(7), averages);
  let plain = initTrainState(network, network.init(7));
  expect(Object.keys(state.averages!['slow']!)).toEqual([
    'encoder.norm.weight',
    'encoder.norm.bias',
    'classifier.weight',
  ]);
  const path = 'classifier.weight';
  let expected = Array.from(flattenTree(state.params).get(path)!.dataSync());
  for (let i = 0; i < 3; i++) {
    const now = flattenTree(state.params).get(path)!.dataSync();
    expected = expected.map((value, j) => 0.75 * value + 0.25 * now[j]!);
    state = run.step(state, batch, phase).state;
    plain = plainStep(plain, batch, phase).state;
  }
  const { averages: kept, ...rest } = state;
  expect(valuesOf(rest)).toEqual(valuesOf(plain));
  kept!['slow']![path]!.dataSync().forEach((value, j) => {
    expect(value).toBeCloseTo(expected[j]!, 6);
  });
  // of all parameters with the teacher's own momentum it would be the teacher
  expect(Object.keys(kept!['whole']!)).toHaveLength(flattenTree(state.params).size);
});

test('a term sees the network by an average: covered parameters are constants, the teacher is one of them', async () => {
  const { network, batch, phase } = await smallRun();
  const seen: string[] = [];
  const distance: LossFunction = ({ network }, { params, averages, teacher, batch }) => {
    seen.push(...Object.keys(averages));
    expect(averages['teacher']!.proj_head).toBe(teacher);
    const slow = network.forward(averages['whole']!, batch.images).clsLogits;
    const fast = network.forward(params, batch.images).clsLogits;
    return tf.mean(tf.squaredDifference(fast, slow));
  };
  const step = trainStep(smallConfig({ averages }), { network, terms: { distance } });
  const state = initTrainState(network, network.init(7), averages);
  const weighted = { ...phase, weights: { ...phase.weights, distance: 1 } };
  const first = step(state, batch, weighted);
  expect(first.metrics).toHaveProperty('distance');
  expect(valuesOf(first.metrics)['distance']).toEqual([0]); // it began at the parameters
  expect(seen.sort()).toEqual(['slow', 'teacher', 'whole']);
  const second = step(first.state, batch, weighted);
  expect(valuesOf(second.metrics)['distance']![0]).toBeGreaterThan(0);
  const shared = new Set(flattenTree(state).values());
  await expectNoLeak(() => {
    const { state: next, metrics } = step(state, batch, weighted);
    return { fresh: [...flattenTree(next).values()].filter((leaf) => !shared.has(leaf)), metrics };
  });
});

test('CAMs of an average are those of its parameters, compiled as eagerly', async () => {
  const { network, batch, phase } = await smallRun();
  const still = { start: { momentum: 1 } };
  const step = trainStep(smallConfig({ averages: still, cam: { average: 'start' } }), { network });
  const state = initTrainState(network, network.init(7), still);
  const plain = trainStep(smallConfig(), { network });
  const [first, moment] = [
    step(state, batch, phase),
    plain(initTrainState(network, network.init(7)), batch, phase),
  ];
  // At its begin an average is the network itself; the main view goes through once more, in a batch of two.
  for (const [name, [value]] of Object.entries(valuesOf(moment.metrics)))
    expect(Math.abs(valuesOf(first.metrics)[name]![0]! - value!)).toBeLessThanOrEqual(
      1e-4 * Math.abs(value!) + 1e-3,
    );
  const eager = valuesOf(step(first.state, batch, phase).metrics);
  const compiled = await compile(step, { state, batch, phase });
  await compiled.run(batch);
  const row = (await compiled.run(batch)) as unknown as Record<string, number>;
  expect(Math.abs(row['ptc']! - eager['ptc']![0]!)).toBeLessThan(1e-4);
  const kept = (await compiled.state()).averages!['start']!;
  expect(valuesOf(kept)).toEqual(valuesOf(state.averages!['start']!));
  compiled.dispose();
});

test('names and paths are checked in one line', async () => {
  const { network } = await smallRun();
  const state = initTrainState(network, network.init(7));
  expect(() => initAverages(state.params, { slow: { momentum: 0.9, paths: ['encodr'] } })).toThrow(
    /^averages\.slow\.paths: no parameter lies below encodr; did you mean encoder\? There are encoder, [^\n]+\.$/,
  );
  const paths = ['encoder', 'clasifier'];
  expect(() => initAverages(state.params, { slow: { momentum: 0.9, paths } })).toThrow(
    /^averages\.slow\.paths: no parameter lies below clasifier; did you mean classifier\?/,
  );
  expect(() => averagedParameters(state, 'slow')).toThrow(
    'There is no average "slow": configure averages.slow.',
  );
  expect(() => trainStep(smallConfig({ cam: { average: 'teacher' } }), { network })).toThrow(
    /^cam\.average: the teacher is an average of the projection head alone, [^\n]+\.$/,
  );
  expect(() => trainStep(smallConfig({ cam: { average: 'slow' } }), { network })).toThrow(
    'cam.average: there is no average "slow"; configure averages.slow, or set it to none.',
  );
  expect(() => {
    assertAverages(smallConfig({ averages: { teacher: { momentum: 0.9 } } }));
  }).toThrow('averages.teacher: choose another name');
  expect(() => {
    assertAverages(smallConfig({ averages: { none: { momentum: 0.9 } } }));
  }).toThrow('averages.none: choose another name');
  expect(smallConfig({ averages, cam: { average: 'none' } }).cam.average).toBeUndefined();
});
