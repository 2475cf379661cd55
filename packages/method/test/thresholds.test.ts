import { beforeAll, describe, expect, test } from '@jest/globals';
import { flattenTree, type TensorTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../src/batch.js';
import { stepConfig, type StepConfigInput } from '../src/method-config.js';
import { phaseAt } from '../src/phase.js';
import { thresholdsAt } from '../src/thresholds.js';
import { smallRun } from './small-run.js';

beforeAll(() => initBackend());

const weights = { cls: 1, clsAux: 1, ptc: 0, ctc: 0, seg: 0, reg: 0 };
const configOf = (phases: StepConfigInput['phases'], iterations = 100) =>
  stepConfig({ numClasses: 2, optimizer: { iterations }, phases });

describe('thresholds of an iteration', () => {
  test('there are none where no phase has its own', () => {
    expect(thresholdsAt(configOf([{ from: 0, weights }]), 5)).toBeUndefined();
  });

  test('hold for their phase, for all classes or each, and stay out of what is compiled', () => {
    const config = configOf([
      { from: 0, weights },
      { from: 10, weights, cam: { high: [0.5, 0.6] } },
    ]);
    expect(thresholdsAt(config, 9)).toEqual({ low: [0.25, 0.25], high: [0.7, 0.7] });
    expect(thresholdsAt(config, 10)).toEqual({ low: [0.25, 0.25], high: [0.5, 0.6] });
    expect(phaseAt(config.phases, 10)).toEqual({ weights, labelCam: 'main' });
  });

  test('go from those of the phase before to their own, linearly or by cosine', () => {
    const config = configOf([
      { from: 0, weights, cam: { high: 0.8, low: 0.2, anneal: 'linear' } },
      { from: 40, weights, cam: { high: [0.6, 0.4], anneal: 'cosine' } },
    ]);
    const high = (iteration: number): readonly number[] => thresholdsAt(config, iteration)!.high;
    expect(high(0)).toEqual([0.7, 0.7]);
    expect(high(20)[0]).toBeCloseTo(0.75, 12);
    expect(high(40)).toEqual([0.8, 0.8]);
    expect(high(55)[0]).toBeCloseTo(0.8 - 0.2 * ((1 - Math.SQRT1_2) / 2), 12);
    expect(high(70)[1]).toBeCloseTo(0.6, 12);
    expect(high(100)).toEqual([0.6, 0.4]);
    expect(high(500)).toEqual([0.6, 0.4]);
    expect(thresholdsAt(config, 20)!.low[0]).toBeCloseTo(0.225, 12);
  });

  test('of phases that begin together the last holds, with its weights and its thresholds', () => {
    const late = { ...weights, seg: 0.1 };
    const config = configOf([
      { from: 0, weights, cam: { high: 0.8 } },
      { from: 0, weights: late, cam: { high: 0.5 } },
    ]);
    expect(phaseAt(config.phases, 0).weights).toEqual(late);
    expect(thresholdsAt(config, 0)!.high).toEqual([0.5, 0.5]);
  });

  test('errors name phases as they are written, which may be in another order', () => {
    const config = configOf([
      { from: 10, weights, cam: { high: [0.5] } },
      { from: 0, weights },
    ]);
    expect(() => thresholdsAt(config, 0)).toThrow(/^phases\.0\.cam\.high has 1 values/);
  });

  test('a list of another length, and a low that is not below its high, are refused in one line', () => {
    expect(() => thresholdsAt(configOf([{ from: 0, weights, cam: { high: [0.5] } }]), 0)).toThrow(
      'phases.0.cam.high has 1 values for 2 classes; give one for each, or one number.',
    );
    expect(() => thresholdsAt(configOf([{ from: 0, weights, cam: { high: [0.5, 0.2] } }]), 0)).toThrow(
      'phases.0.cam: low 0.25 is not below high 0.2 (class 2); choose it smaller.',
    );
  });
});

function valuesOf(tree: TensorTree): Record<string, number[]> {
  return Object.fromEntries(
    [...flattenTree(tree)].map(([path, leaf]) => [path, Array.from(leaf.dataSync())]),
  );
}

describe('thresholds as inputs of the step', () => {
  const all = (value: number): tf.Tensor2D => tf.fill([2, 5], value) as tf.Tensor2D;
  const withPresent = async (batch: Batch): Promise<Batch> => {
    const rows = (await batch.labels.array()).map((row) => {
      const present = row.flatMap((label, c) => (label > 0 ? [c] : []));
      return [...present, ...Array<number>(5 - present.length).fill(-1)];
    });
    return { ...batch, presentClasses: tf.tensor2d(rows, [2, 5], 'int32') };
  };

  test('equal to the configured constants give the same step, bit for bit', async () => {
    const { step, state, batch, phase } = await smallRun();
    for (const own of [batch, await withPresent(batch)]) {
      const constant = step(state, own, phase);
      const fed = step(state, { ...own, thresholds: { low: all(0.25), high: all(0.7) } }, phase);
      expect(valuesOf(fed)).toEqual(valuesOf(constant));
    }
  });

  test('of a class change the labels of images that show it', async () => {
    const { step, state, batch, phase } = await smallRun();
    const [row] = await batch.labels.array();
    const shown = row!.findIndex((label) => label > 0);
    const high = (changed: number): tf.Tensor2D =>
      tf.tensor2d([0, 1].map(() => Array.from({ length: 5 }, (_, c) => (c === changed ? 0.4 : 0.7))));
    for (const own of [batch, await withPresent(batch)]) {
      const ignored = (changed: number) =>
        valuesOf(step(state, { ...own, thresholds: { low: all(0.25), high: high(changed) } }, phase).metrics);
      const plain = valuesOf(step(state, own, phase).metrics);
      const absent = [0, 1, 2, 3, 4].find((c) => !batch.labels.arraySync().some((labels) => labels[c]! > 0))!;
      expect(ignored(absent)['tokenIgnored']).toEqual(plain['tokenIgnored']);
      expect(ignored(shown)['tokenIgnored']![0]).toBeLessThan(plain['tokenIgnored']![0]!);
    }
  });
});
