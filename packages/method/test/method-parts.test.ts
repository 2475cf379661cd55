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
import { computeTargets, type Targets } from '../src/targets.js';
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
  expect(() => {
    assertTerms([phase], ['constructor']);
  }).toThrow('The term "constructor" needs another name');
  const nothing = {
    ...phase,
    weights: { ...phase.weights, cls: 0, clsAux: 0, ptc: 0, ctc: 0, seg: 0, reg: 0 },
  };
  expect(() => {
    assertTerms([phase, nothing], []);
  }).toThrow('phases.1.weights: all are 0; give at least one term a weight.');
  expect(() =>
    trainStep(smallConfig({ phases: [{ from: 0, weights: withSparsity(phase, 1).weights }] }), { network }),
  ).toThrow('there is no term "sparsity"');
  const vector = trainStep(config, {
    network,
    terms: { sparsity: (_, { batch }) => tf.mean(batch.labels, 1) },
  });
  expect(() => vector(state, batch, withSparsity(phase, 1))).toThrow('The term sparsity gave no scalar');
});

let shared: ReturnType<typeof smallRun> | undefined;
/** A step with parts of one's own, ready to be called on a batch that has `also`; with terms of one's own, they alone are on. */
const uncompiled = async (parts: MethodParts, also: object = {}): Promise<() => unknown> => {
  const { network, config, state, batch, phase } = await (shared ??= smallRun());
  const step = trainStep(config, { network, ...parts });
  const own = Object.keys(parts.terms ?? {});
  const six = Object.keys(phase.weights).map((name) => [name, own.length > 0 ? 0 : 1]);
  const weights = Object.fromEntries([...six, ...own.map((name) => [name, 1])]) as Phase['weights'];
  return () => step(state, { ...batch, ...also }, { ...phase, weights });
};
/** The error that a call ends with. */
const errorOf = (call: () => unknown): Error => {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return new Error('nothing was refused');
};
const term = (size: LossFunction): MethodParts => ({ terms: { size } });
const mask = (): object => ({ extra: { mask: tf.ones([2]) } });

test.each<[string, MethodParts, () => object, RegExp]>([
  [
    'arrays of no enrichment',
    term((_, { batch }) => tf.mean(batch.extra!['size']!)),
    () => ({}),
    /^The term size reads batch\.extra\.size, which is not there, nor anything else; let the enrichment [^\n]+\.$/,
  ],
  [
    'an array of another name',
    term((_, { main, batch }) => tf.mean(tf.mul(main.clsToken, batch.extra!['msk']!))),
    mask,
    /^The term size reads batch\.extra\.msk, which is not there, only mask; did you mean mask\? Else let the enrichment /,
  ],
  [
    'an average',
    term((_, { averages }) => tf.mean(averages['slow']!.classifier.weight)),
    () => ({}),
    /^The term size reads averages\.slow, which is not there, only teacher; configure averages\.slow, /,
  ],
  [
    'a part of the network',
    term((_, { params }) => {
      const { weight } = (params as unknown as Record<string, { weight: tf.Tensor }>)['size_head']!;
      return tf.mean(weight);
    }),
    () => ({}),
    /^The term size reads params\.size_head, which is not there, only encoder, [^\n]+; did you mean proj_head\? Else let init\(\) of the network /,
  ],
  [
    'a target of one’s own',
    term((_, { targets }) => tf.mean(targets.extra!['share']!)),
    () => ({}),
    /^The term size reads targets\.extra\.share, which is not there, [^\n]+; let targets return it, in extra\.$/,
  ],
  [
    'an array in targets',
    {
      targets: (context, inputs) => ({
        ...computeTargets(context, inputs),
        extra: { a: tf.neg(inputs.batch.extra!['a']!) },
      }),
    },
    mask,
    /^targets reads batch\.extra\.a, which is not there, only mask; /,
  ],
  [
    'an array in a refinement',
    { refine: (_, planes, { batch }) => tf.mul(planes, batch.extra!['a']!) },
    mask,
    /^refine reads batch\.extra\.a, which is not there, only mask; /,
  ],
])('%s that is not there is named in one line', async (_, parts, also, line) => {
  const { message, cause } = errorOf(await uncompiled(parts, also()));
  expect(message).toMatch(line);
  expect(message).not.toContain('\n');
  expect((cause as Error).stack).toContain('method-parts.test.ts');
});

test('to look for what may not be there is no mistake, and other failures stay what they are', async () => {
  const seen: unknown[] = [];
  const careful = await uncompiled(
    term((_, { main, batch: { extra }, averages }) => {
      seen.push(extra?.['size'], 'mask' in extra!, Object.keys(extra!), averages['slow']);
      return tf.mean(tf.mul(tf.mean(main.clsToken, 1), extra?.['size'] ?? extra!['mask']!));
    }),
    mask(),
  );
  careful();
  expect(seen).toEqual([undefined, true, ['mask'], undefined]);
  let calls = 0;
  const failing = await uncompiled(
    term((_, { batch }) => {
      calls++;
      throw new RangeError(`not today ${String(batch.extra?.['size'])}`);
    }),
  );
  expect(failing).toThrow(new RangeError('not today undefined'));
  expect(calls).toBe(1);
  const faulty = await uncompiled(
    term(({ config }) => (config as unknown as { no: { way: tf.Scalar } }).no.way),
  );
  expect(faulty).toThrow("Cannot read properties of undefined (reading 'way')");
});

test('what is no target, plane, function or option is refused in one line', async () => {
  const targets = (give: (all: Targets) => unknown): MethodParts => ({
    targets: (context, inputs) => give(computeTargets(context, inputs)) as Targets,
  });
  const cases: [MethodParts, RegExp | string][] = [
    [
      targets(() => ({ segLabel: 1 })),
      /^targets gave segLabel, which no term takes; did you mean segLabels\? Else /,
    ],
    [
      targets((all) => Promise.resolve(all)),
      'targets gave a promise; return an object at once, such as computeTargets(context, inputs).',
    ],
    [targets(() => undefined), /^targets gave undefined; return an object at once, /],
    [targets(() => ({})), /^The target \w+ is missing, [^\n]+: let targets return it, /],
    [
      targets((all) => ({ ...all, segLabels: tf.zeros([2, 8, 8], 'int32') })),
      'targets: segLabels has shape [2,8,8], expected [2,64,64]',
    ],
    [{ refine: (_, planes) => tf.slice(planes, 0, [1, -1, -1, -1]) }, /^refine: what it gave has shape \[1,/],
    [
      { refine: (_, planes) => tf.cast(planes, 'int32') },
      'refine gave planes of int32; return float32, as it gets them.',
    ],
    [
      { refine: () => undefined as unknown as tf.Tensor4D },
      /^refine gave undefined; return a tensor \[2,32,32,12\], at once\.$/,
    ],
  ];
  for (const [parts, line] of cases) expect(await uncompiled(parts)).toThrow(line);
  const { network, config } = await smallRun();
  expect(() => trainStep(config, { network, refin: attentionRefine() } as never)).toThrow(
    'trainStep: unknown option refin; did you mean refine?',
  );
  expect(() => trainStep(config, { network, terms: { size: undefined } } as never)).toThrow(
    'terms.size is undefined, not a function; give one.',
  );
  expect(() => trainStep(config, { network, targets: {} } as never)).toThrow(
    'targets is object, not a function; give one.',
  );
  expect(() => trainStep(config, { network, terms: () => undefined } as never)).toThrow(
    'terms is a function, not an object of functions; give { name: function }.',
  );
  expect(() => attentionRefine({ block: 3 } as never)).toThrow(
    'attentionRefine: unknown option block; did you mean blocks?',
  );
  for (const blocks of [0, -1, 1.5, '2'])
    expect(() => attentionRefine({ blocks } as never)).toThrow(
      `attentionRefine: blocks is ${blocks}; give a positive integer.`,
    );
  expect(() => attentionRefine({ iterations: 0 })).toThrow('attentionRefine: iterations is 0; ');
  expect(await uncompiled({ refine: attentionRefine({ blocks: 99 }) })).toThrow(
    /^attentionRefine: blocks is 99, and the backbone vit has \d+; choose fewer\.$/,
  );
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
