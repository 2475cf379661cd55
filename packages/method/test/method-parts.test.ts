import { beforeAll, expect, test } from '@jest/globals';
import { flattenTree, type TensorTree } from '@toco/core';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { attentionRefine } from '../src/attention-refine.js';
import type { LossFunction } from '../src/loss-terms.js';
import type { MethodParts } from '../src/method-parts.js';
import { assertTerms } from '../src/own-terms.js';
import type { Phase } from '../src/phase.js';
import { computeTargets } from '../src/targets.js';
import { trainStep } from '../src/train-step.js';
import { initTrainState } from '../src/train-state.js';
import { smallConfig, smallRun } from './small-run.js';

beforeAll(() => initBackend());

function valuesOf(tree: TensorTree): Record<string, number[]> {
  return Object.fromEntries(
    [...flattenTree(tree)].map(([path, leaf]) => [path, Array.from(leaf.dataSync())]),
  );
}

/** A mean over images, so that parts of a batch give what the whole does; by arrays of one's own where there are some. */
const sparsity: LossFunction = (_, { main, batch }) => {
  const perImage = tf.mean(tf.abs(main.patchTokens), [1, 2]);
  return tf.mean(batch.extra ? tf.mul(perImage, batch.extra['importance']!) : perImage);
};
const withSparsity = (phase: Phase, weight: number): Phase => ({
  ...phase,
  weights: { ...phase.weights, sparsity: weight },
});

test('a term of one’s own is reported, weighted into the loss, and learned from', async () => {
  const { network, config, state, batch, phase, step } = await smallRun();
  const own = trainStep(config, { network, terms: { sparsity } });
  const weighted = own(state, batch, withSparsity(phase, 2));
  const plain = step(state, batch, phase);
  const metrics = valuesOf(weighted.metrics);
  expect(metrics['sparsity']![0]).toBeGreaterThan(0);
  const without = plain.metrics.loss.dataSync()[0]!;
  expect(metrics['loss']![0]).toBeCloseTo(without + 2 * metrics['sparsity']![0]!, 4);
  expect(valuesOf(weighted.state.params)).not.toEqual(valuesOf(plain.state.params));
});

test('with weight 0 it costs nothing, and measured it changes nothing', async () => {
  const { network, config, state, batch, phase, step } = await smallRun();
  let calls = 0;
  const counted: LossFunction = (context, inputs) => {
    calls++;
    return sparsity(context, inputs);
  };
  const own = trainStep(config, { network, terms: { counted } });
  const off = own(state, batch, { ...phase, weights: { ...phase.weights, counted: 0 } });
  expect(calls).toBe(0);
  const measured = own(state, batch, { ...phase, measure: ['counted'] });
  expect(calls).toBe(1);
  const plain = valuesOf(step(state, batch, phase).state);
  expect(valuesOf(off.state)).toEqual(plain);
  expect(valuesOf(measured.state)).toEqual(plain);
});

test('compiled and in two parts, a term of one’s own trains as eagerly', async () => {
  const run = await smallRun();
  const { network, phase } = run;
  const weighted = withSparsity(phase, 0.5);
  const all = (value: number): tf.Tensor2D => tf.fill([2, 5], value) as tf.Tensor2D;
  const batch = {
    ...run.batch,
    extra: { importance: tf.tensor1d([0.2, 1]) },
    thresholds: { low: all(0.2), high: all(0.6) },
  };
  const rows = [];
  for (const accumulate of [1, 2]) {
    const step = trainStep(smallConfig({ groupSize: 1, accumulate }), { network, terms: { sparsity } });
    const state = initTrainState(network, network.init(7));
    const eager = accumulate === 1 ? valuesOf(step(state, batch, weighted).metrics) : undefined;
    const compiled = await compile(step, { state, batch, phase: weighted });
    const row = (await compiled.run(batch)) as unknown as Record<string, number>;
    compiled.dispose();
    rows.push(row);
    for (const [name, [value]] of Object.entries(eager ?? {}))
      expect(Math.abs(row[name]! - value!)).toBeLessThanOrEqual(1e-5 * Math.abs(value!) + 1e-4);
  }
  expect(Math.abs(rows[1]!['sparsity']! - rows[0]!['sparsity']!)).toBeLessThan(1e-6);
});

test('names of terms are checked in one line', async () => {
  const { network, config, state, batch, phase } = await smallRun();
  expect(() => {
    assertTerms([withSparsity(phase, 1)], ['sparsty']);
  }).toThrow(
    /^phases: there is no term "sparsity"; did you mean sparsty\? Else give [^\n]+ terms: \{ sparsity \}\.$/,
  );
  expect(() => {
    assertTerms([phase], ['ptc']);
  }).toThrow('The term "ptc" needs another name: this one is taken.');
  expect(() => {
    assertTerms([phase], ['a b']);
  }).toThrow('letters, digits and _');
  expect(() =>
    trainStep(smallConfig({ phases: [{ from: 0, weights: withSparsity(phase, 1).weights }] }), { network }),
  ).toThrow('there is no term "sparsity"');
  const vector = trainStep(config, {
    network,
    terms: { sparsity: (_, { batch }) => tf.mean(batch.labels, 1) },
  });
  expect(() => vector(state, batch, withSparsity(phase, 1))).toThrow('The term sparsity gave no scalar');
});

test('targets of one’s own take the place of ours, and reach the terms', async () => {
  const { network, config, state, batch, phase, step } = await smallRun();
  const parts: MethodParts = {
    targets: (context, inputs) => {
      const targets = computeTargets(context, inputs);
      const segLabels = tf.zerosLike(targets.segLabels!);
      return { ...targets, segLabels, extra: { half: tf.fill([2], 0.5) } };
    },
    terms: { half: (_, { targets }) => tf.mean(targets.extra!['half']!) },
  };
  const own = trainStep(config, { network, ...parts });
  const weighted = { ...phase, weights: { ...phase.weights, half: 1 } };
  const metrics = valuesOf(own(state, batch, weighted).metrics);
  const plain = valuesOf(step(state, batch, phase).metrics);
  expect(metrics['half']).toEqual([0.5]);
  expect(metrics['seg']).not.toEqual(plain['seg']);
  for (const same of ['cls', 'ptc', 'ctc', 'reg']) expect(metrics[same]).toEqual(plain[same]);
  await expectNoLeak(() => {
    const { state: next, metrics } = own(state, batch, weighted);
    const given = new Set(flattenTree(state).values());
    return { fresh: [...flattenTree(next).values()].filter((leaf) => !given.has(leaf)), metrics };
  });
});

test('a refinement of one’s own sees images, planes and batch, and changes pixel labels alone', async () => {
  const { network, config, state, batch, phase, step } = await smallRun();
  const plain = step(state, batch, phase);
  const seen: number[][] = [];
  const same = trainStep(config, {
    network,
    refine: (images, planes, inputs) => {
      seen.push(images.shape, planes.shape, inputs.batch.images.shape);
      return planes;
    },
  })(state, batch, phase);
  expect(seen).toEqual([
    [2, 32, 32, 3],
    [2, 32, 32, 12],
    [2, 64, 64, 3],
  ]);
  expect(valuesOf(same.metrics)['seg']).not.toEqual(valuesOf(plain.metrics)['seg']);
  for (const refine of [attentionRefine(), attentionRefine({ blocks: 2, iterations: 2 })]) {
    const metrics = valuesOf(trainStep(config, { network, refine })(state, batch, phase).metrics);
    const ours = valuesOf(plain.metrics);
    expect(metrics['pixelIgnored']).not.toEqual(ours['pixelIgnored']);
    for (const other of ['cls', 'ptc', 'ctc', 'tokenIgnored']) expect(metrics[other]).toEqual(ours[other]);
  }
});

test('patch affinity is refused of a backbone that shows no attention', async () => {
  const { network, config, state, batch, phase } = await smallRun();
  const blind: typeof network = {
    ...network,
    forward: (params, images, { taps: _, ...options } = {}) => network.forward(params, images, options),
  };
  const step = trainStep(config, { network: blind, refine: attentionRefine() });
  expect(() => step(state, batch, phase)).toThrow(/attentionRefine: the backbone vit shows no attention/);
});

test('logits of a network of one’s own that are not those of its classes are refused', async () => {
  const { network, config, state, batch, phase } = await smallRun();
  const { numClasses } = network;
  const narrow = (logits: tf.Tensor, axis: number): tf.Tensor =>
    tf.slice(logits, 0, [...logits.shape.slice(0, axis), 2]);
  const segments = {
    ...network,
    segment: (...args: Parameters<typeof network.segment>) =>
      narrow(network.segment(...args), 3) as tf.Tensor4D,
  };
  expect(() => trainStep(config, { network: segments })(state, batch, phase)).toThrow(
    new RegExp(
      `^network\\.segment \\(background and classes\\) has shape \\[\\d+,\\d+,\\d+,2\\], expected \\[\\d+,\\d+,\\d+,${numClasses + 1}\\]$`,
    ),
  );
  const classifies = {
    ...network,
    forward: (...args: Parameters<typeof network.forward>) => {
      const output = network.forward(...args);
      return { ...output, clsLogits: narrow(output.clsLogits, 1) as tf.Tensor2D };
    },
  };
  expect(() => trainStep(config, { network: classifies })(state, batch, phase)).toThrow(
    new RegExp(`^network\\.forward: clsLogits has shape \\[\\d+,2\\], expected \\[\\d+,${numClasses}\\]$`),
  );
});
