import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { flattenTree } from '@toco/core';
import { openDataset } from '@toco/datasets';
import {
  computeTargets,
  ignoreIndex,
  type LossContext,
  type LossInputs,
  phaseAt,
  thresholdsAt,
} from '@toco/method';
import type { NetworkOutput } from '@toco/network';
import { parseConfig, trainingSource, type TrainingStart, trainingStart } from '@toco/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { dualConfig, shortScenes } from '../src/config.js';
import { dualStudent } from '../src/method.js';
import { network as make, secondStudent } from '../src/network.js';

const print = (): void => undefined;
const module = fileURLToPath(new URL('../dist/network.js', import.meta.url));
const data = await openDataset(parseConfig(shortScenes));
const config = parseConfig(dualConfig(shortScenes, { classes: data.classes.length, module }));
const source = await trainingSource(config, { ...dualStudent, data, network: make, print });
const { network, settings } = source;
const { secondSeg, discrepancy } = dualStudent.terms!;

let start: TrainingStart;
let context: LossContext<object>;
let inputs: LossInputs<object>;
/** What the second student sees. */
let other: NetworkOutput;
beforeAll(async () => {
  start = await trainingStart(config, source, { checkpoint: undefined, print });
  const { params, teacher } = start.state;
  const batch = {
    images: tf.randomNormal([2, 96, 96, 3], 0, 1, 'float32', 1) as tf.Tensor4D,
    labels: tf.tensor2d([0, 1].map((image) => data.classes.map((_, c) => (c === image || c === 3 ? 1 : 0)))),
    imgBox: tf.tensor2d(
      [0, 1].map(() => [0, 96, 0, 96]),
      [2, 4],
      'int32',
    ),
  };
  const views = { globalView: batch.images, localSource: batch.images };
  context = { network, config: settings, phase: phaseAt(settings.phases, 5), forward: {} };
  const main = network.forward(params, batch.images);
  other = network.forward(secondStudent(params), batch.images);
  inputs = { params, teacher, averages: {}, batch: { ...batch, ...views }, main, targets: {} };
});

const valuesOf = (tensor: tf.Tensor | undefined): number[] => [...tensor!.dataSync()];

test('the threshold of every class goes from 0.7 to 0.55, once they learn from one another', () => {
  const high = (iteration: number): readonly number[] => thresholdsAt(settings, iteration)!.high;
  const all = (value: number): unknown => data.classes.map(() => expect.closeTo(value, 6) as unknown);
  expect([0, 2, 6, 10].map(high)).toEqual([0.7, 0.7, 0.625, 0.55].map(all));
});

test('each student learns from the labels of the other', () => {
  const first = computeTargets(context, inputs);
  const second = computeTargets(context, { ...inputs, params: secondStudent(inputs.params), main: other });
  const targets = dualStudent.targets!(context, inputs);
  expect(valuesOf(first.segLabels)).not.toEqual(valuesOf(second.segLabels));
  expect(valuesOf(targets.segLabels)).toEqual(valuesOf(second.segLabels));
  expect(valuesOf(targets.pixelLabels)).toEqual(valuesOf(second.pixelLabels));
  expect(valuesOf(targets.extra!['secondLabels'])).toEqual(valuesOf(first.segLabels));

  const loss = (changes: object): number =>
    secondSeg!(context, { ...inputs, targets: { ...targets, ...changes } }).dataSync()[0]!;
  const none = tf.fill([2, 96, 96], ignoreIndex, 'int32') as tf.Tensor3D;
  expect(loss({})).toBeGreaterThan(0);
  expect(loss({ segLabels: none, pixelLabels: none })).toBe(loss({}));
  expect(loss({ extra: { secondLabels: none } })).toBeCloseTo(0, 12);
});

test('the discrepancy falls as what they see comes apart, and both learn of it', () => {
  const between = (one: tf.Tensor, another: tf.Tensor): tf.Scalar => {
    const forward = (): NetworkOutput => ({ ...other, patchTokens: another as tf.Tensor3D });
    return discrepancy!(
      { ...context, network: { ...network, forward } },
      { ...inputs, main: { ...inputs.main, patchTokens: one as tf.Tensor3D } },
    );
  };
  const [mine, others] = [inputs.main.patchTokens, other.patchTokens];
  expect(between(mine, mine).dataSync()[0]).toBeCloseTo(-2 * Math.log(1e-3), 2);
  expect(between(mine, tf.neg(mine)).dataSync()[0]).toBeCloseTo(-2 * Math.log(2), 2);
  for (const gradient of tf.grads(between)([mine, others]))
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(1e-4);
});

test('a step trains both', () => {
  const { step, state } = start;
  const phase = { ...context.phase, weights: { ...context.phase.weights, reg: 0 } };
  const { optimizer, params } = step(state, inputs.batch, phase).state;
  const [before, after] = [flattenTree(state.params), flattenTree(params)];
  const most = (tensor: tf.Tensor): number => tf.max(tf.abs(tensor)).dataSync()[0]!;
  // Weight decay alone would move a parameter too.
  const moved = Object.entries(optimizer.m)
    .filter(([path, m]) => most(m) > 0 && most(tf.sub(after.get(path)!, before.get(path)!)) > 0)
    .map(([path]) => /^(?:second\.)?\w+/.exec(path)![0]);
  const parts = ['aux_classifier', 'classifier', 'decoder', 'encoder'];
  expect([...new Set(moved)].sort()).toEqual([...parts, ...parts.map((part) => `second.${part}`)]);
});
