import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { vit } from '@toco/backbone';
import { syntheticScenes } from '@toco/datasets';
import { readSafetensors } from '@toco/formats';
import { computeTargets, type LossFunction, type Refine, type TargetFunction } from '@toco/method';
import { createNetwork, type MakeNetwork } from '@toco/network';
import { loadNetwork } from '@toco/weights';
import * as tf from '@tensorflow/tfjs-core';
import type * as trainer from '../../src/index.js';

// Built, since the loader's threads import a file of it.
const built = new URL('../../dist/index.js', import.meta.url).href;
const { evaluateCheckpoint, modelOfRun, parseConfig, readMetrics, train } = (await import(
  built
)) as typeof trainer;

const folder = mkdtempSync(join(tmpdir(), 'toco-own-method-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const backbone = vit({ name: 'tiny', imageSize: 32, patchSize: 8, dim: 8, depth: 3, heads: 2 });
const data = syntheticScenes({ size: 40, train: 8, val: 4 });
const enrichment = { module: new URL('./enrichments.mjs', import.meta.url).href, export: 'brightness' };

/** A network with a head of its own, in a module of the user's. */
const module = join(folder, 'network.mjs');
writeFileSync(
  module,
  `import { createNetwork } from ${JSON.stringify(import.meta.resolve('@toco/network').replace('/src/', '/dist/').replace(/\.ts$/, '.js'))};
import * as tf from ${JSON.stringify(import.meta.resolve('@tensorflow/tfjs-core'))};
export const network = (options) => {
  const base = createNetwork(options);
  return {
    ...base,
    init(seed) {
      const { params, teacher } = base.init(seed);
      return { params: { ...params, brightness_head: { weight: tf.fill([options.backbone.tokenDim, 1], 0.01) } }, teacher };
    },
  };
};
`,
);

const six = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0 };
const settings = {
  ...{ batchSize: 2, groupSize: 1, accumulate: 2 },
  data: { workers: 1 },
  views: { cropSize: 32 },
  localCrops: { size: 16, count: 2 },
  cam: { scales: [1], average: 'slow' },
  network: {
    module,
    frozen: ['encoder.patch_embed'],
    decoderDim: 8,
    projection: { hidden: 8, bottleneck: 8, out: 8 },
  },
  averages: { slow: { momentum: 0.5 } },
  optimizer: {
    ...{ iterations: 4, warmup: 0, lr: 1e-3, layerDecay: 0.5 },
    groups: [{ paths: ['brightness_head'], lrScale: 2, weightDecay: 0 }],
  },
  phases: [
    { from: 0, weights: { ...six, brightness: 0.3 }, cam: { high: [0.3, 0.3, 0.4, 0.5], anneal: 'cosine' } },
  ],
  evaluation: { every: 4, size: 32, average: 'slow' },
  run: { checkpointEvery: 2, logEvery: 1 },
};

/** The head learns the brightness that the loader's thread has measured, plus a target of its own. */
const brightness: LossFunction = (_, { params, main, batch, targets }) => {
  const { weight } = (params as unknown as { brightness_head: { weight: tf.Tensor2D } }).brightness_head;
  const predicted = tf.matMul(main.clsToken, weight);
  const wanted = tf.add(batch.extra!['brightness']!, targets.extra!['share']!);
  return tf.mean(tf.squaredDifference(predicted, wanted));
};

/** ToCo's targets, and the share of classes that an image shows. */
const targets: TargetFunction = (context, inputs) => ({
  ...computeTargets(context, inputs),
  extra: { share: tf.mean(inputs.batch.labels, 1, true) },
});

/** Smooths in the place of PAR. */
const refine: Refine = (_, planes) => tf.avgPool(planes, 3, 1, 'same');

const arraysOf = (run: string) =>
  ['model', 'optimizer'].map((name) =>
    readFileSync(join(folder, run, `checkpoints/iteration-000004/${name}.safetensors`)),
  );

const config = parseConfig(settings);
const classes = data.classes.length;
const high = Array.from({ length: classes }, (_, c) => 0.3 + 0.02 * c);
const own = {
  ...config,
  phases: config.phases.map((phase) => ({ ...phase, cam: { high, anneal: 'cosine' as const } })),
};
const parts = { terms: { brightness }, targets, refine };
const common = { ...parts, ...{ backbone, data, enrichment, report: false }, print: () => undefined };
let whole: trainer.TrainResult;

test('a method of one’s own trains: network, term, targets, refinement, thresholds, averages, groups and arrays', async () => {
  const told: number[] = [];
  whole = await train(own, {
    ...common,
    folder: join(folder, 'whole'),
    onIteration: async ({ iteration, metrics, ids, snapshot }) => {
      told.push(iteration);
      expect(metrics['brightness']).toBeGreaterThan(0);
      expect(ids).toHaveLength(2);
      const taken = await snapshot();
      expect(Object.keys(taken.state.averages!['slow']!)).toContain('brightness_head.weight');
      taken.dispose();
    },
  });
  expect(told).toEqual([1, 2, 3, 4]);
});

test('a run of it that was stopped ends with the same bits', async () => {
  const resumed = join(folder, 'resumed');
  const stopped = { ...own, run: { ...own.run, stopAfter: 2 } };
  await train(stopped, { ...common, folder: resumed });
  await train(own, { ...common, folder: resumed, resume: true });
  expect(arraysOf('resumed')).toEqual(arraysOf('whole'));
  const rows = async (run: string) =>
    (await readMetrics(join(folder, run, 'metrics.jsonl')))
      .filter(({ kind }) => kind === 'train')
      .map(({ seconds: _, memory: __, ...row }) => row);
  expect(await rows('resumed')).toEqual(await rows('whole'));
});

test.each(['targets', 'refine', 'enrichment'])('it is not resumed without its %s', async (part) => {
  const longer = { ...own, optimizer: { ...own.optimizer, iterations: 6 } };
  const lacking = { ...common, [part]: undefined };
  await expect(train(longer, { ...lacking, folder: join(folder, 'resumed'), resume: true })).rejects.toThrow(
    `up to iteration 4 the run was trained with parts of one's own that are not given now: ${part}; `,
  );
});

test('what is used afterwards is the average, of a network that the run remembers', async () => {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const again = await evaluateCheckpoint(join(folder, 'whole'), { backbone, data, print });
  expect(lines).toContain(`Network of ${module}.`);
  expect(again.evaluation.seg.mean).toBeCloseTo(whole.evaluation!.seg.mean, 6);
  const loaded = await loadNetwork(join(folder, 'whole'), { backbone, print });
  expect(loaded.params).toHaveProperty('brightness_head.weight');
  expect(lines.at(-1)).toMatch(/parameters of the average slow\.$/);
  const stored = (file: string, name: string): unknown[] => [
    ...readSafetensors(join(whole.checkpoint, file))[name]!.data,
  ];
  const average = stored('optimizer.safetensors', 'average.slow.classifier.weight');
  expect([...loaded.params.classifier.weight.dataSync()]).toEqual(average);
  const moment = stored('model.safetensors', 'classifier.weight');
  expect(moment).not.toEqual(average);
  loaded.dispose();

  // Without it, where the run says it.
  const none = { average: 'none', backbone, print };
  const themselves = await loadNetwork(join(folder, 'whole'), none);
  expect(themselves.average).toBeUndefined();
  expect([...themselves.params.classifier.weight.dataSync()]).toEqual(moment);
  const model = await modelOfRun(join(folder, 'whole'), { settings: ['evaluation.average=none'], print });
  const { params } = model.read(themselves.network);
  expect([...params.classifier.weight.dataSync()]).toEqual(moment);
});

test('a network or backbone that no checkpoint holds is asked for, and one that a checkpoint would not hold whole is refused', async () => {
  const print = (): void => undefined;
  const common = { backbone, data, report: false, print };
  const plain = {
    ...{ ...settings, averages: {}, cam: { scales: [1] }, phases: [{ from: 0, weights: six }] },
    network: { ...settings.network, module: undefined },
    optimizer: { iterations: 1, warmup: 0 },
    evaluation: { every: 1, size: 32 },
  };
  const run = join(folder, 'function');
  await train(parseConfig(plain), { ...common, network: createNetwork, folder: run });
  const asked =
    /iteration-000001: was trained with a network of one's own, given as a function, which no checkpoint holds; give the same: [^\n]+\.$/;
  await expect(evaluateCheckpoint(run, { backbone, data, print })).rejects.toThrow(asked);
  await evaluateCheckpoint(run, { backbone, data, print, network: createNetwork });
  // The name alone says little: another object of this name is another backbone.
  await expect(evaluateCheckpoint(run, { data, print, network: createNetwork })).rejects.toThrow(
    /iteration-000001: was trained with a backbone given as an object, which no checkpoint holds; give the same: [^\n]+\.$/,
  );
  const head: MakeNetwork = (options) => {
    const base = createNetwork(options);
    return {
      ...base,
      init(seed) {
        const { params, teacher } = base.init(seed);
        const own = { ...params, proj_head_t: { weight: tf.zeros([2]) } };
        return { params: own, teacher };
      },
    };
  };
  const refused = join(folder, 'head');
  await expect(train(parseConfig(plain), { ...common, network: head, folder: refused })).rejects.toThrow(
    /^network: its parameters have proj_head_t, [^\n]+ give that part another name in init\(\)\.$/,
  );
  expect(existsSync(refused)).toBe(false);
});

test('an enrichment that has changed is told on resume', async () => {
  const lines: string[] = [];
  const longer = {
    ...own,
    optimizer: { ...own.optimizer, iterations: 5 },
    run: { ...own.run, stopAfter: 4 },
  };
  await train(longer, {
    ...{ ...common, folder: join(folder, 'resumed'), resume: true },
    enrichment: { ...enrichment, options: { of: 'red' } },
    print: (line) => void lines.push(line),
  });
  expect(lines).toContain('Changed from iteration 4 on: enrichment.options.of is "red", was not set.');
});

const changed =
  (over: object): MakeNetwork =>
  (options) =>
    ({ ...createNetwork(options), ...over }) as ReturnType<MakeNetwork>;

/** Two iterations that are not compiled. */
const short = {
  ...own,
  ...{ optimizer: { ...own.optimizer, iterations: 2 }, engine: { ...own.engine, compile: false } },
};

test('its refinement and the thresholds of every iteration reach the step', async () => {
  const segOf = async (name: string, cam: { high: number; anneal: 'none' | 'linear' }, refine: Refine) => {
    const seg: number[] = [];
    const phases = own.phases.map((phase) => ({ ...phase, cam }));
    const onIteration = ({ metrics }: trainer.TrainedIteration): void => void seg.push(metrics['seg']!);
    await train({ ...short, phases }, { ...common, refine, folder: join(folder, name), onIteration });
    return seg as [number, number];
  };
  // Both begin at 0.7, and have 0.7 and 0.5 in the second iteration.
  const constant = await segOf('constant', { high: 0.7, anneal: 'none' }, refine);
  const annealed = await segOf('annealed', { high: 0.3, anneal: 'linear' }, refine);
  expect(annealed[0]).toBeCloseTo(constant[0], 6);
  expect(Math.abs(annealed[1] - constant[1])).toBeGreaterThan(1e-5);

  // Where all is background, the half of the loss that belongs to classes is 0.
  let calls = 0;
  const background: Refine = (_, planes) => {
    calls++;
    return tf.zerosLike(planes);
  };
  const [blank] = await segOf('background', { high: 0.7, anneal: 'none' }, background);
  expect(calls).toBeGreaterThan(0);
  expect(blank).toBeLessThan(0.6 * constant[0]);
});

test('the next iteration waits for what it is told of one', async () => {
  const told: string[] = [];
  await train(short, {
    ...{ ...common, folder: join(folder, 'waiting') },
    onIteration: async ({ iteration }) => {
      told.push(`${iteration} begins`);
      await setTimeout(500);
      told.push(`${iteration} ends`);
    },
  });
  expect(told).toEqual(['1 begins', '1 ends', '2 begins', '2 ends']);
});

test('what does not fit is refused in one line, and leaves no run', async () => {
  const common = { backbone, data, report: false, print: () => undefined };
  const attempt = (config: object, parts: object = {}) =>
    train(parseConfig({ ...settings, ...config }), { ...common, ...parts, folder: join(folder, 'refused') });
  const phases = [{ from: 0, weights: { ...six, brightness: 0.3 } }];
  await expect(attempt({ phases })).rejects.toThrow(/^phases: there is no term "brightness"; [^\n]+$/);
  const frozen = { ...settings.network, frozen: ['encodr'] };
  await expect(attempt({ phases, network: frozen }, { terms: { brightness } })).rejects.toThrow(
    /^network\.frozen: no parameter lies below encodr; did you mean encoder\? There are encoder, [^\n]+\.$/,
  );
  const given = { terms: { brightness } };
  const none = [{ from: 0, weights: six }];
  await expect(attempt({ phases: none }, given)).rejects.toThrow(
    'terms.brightness: no phase weighs or measures it; give it a weight in phases[].weights (0: it is not computed), or leave it out.',
  );
  const all = ['encoder', 'classifier', 'aux_classifier', 'decoder', 'proj_head', 'brightness_head'];
  await expect(attempt({ phases, network: { ...settings.network, frozen: all } }, given)).rejects.toThrow(
    /^No parameter is trained \(network\.frozen: encoder, [^\n]+; leave one out there, [^\n]+\.$/,
  );
  const still: MakeNetwork = (options) => ({ ...createNetwork(options), trainable: () => false });
  await expect(
    attempt(
      { phases: none, network: { ...settings.network, module: undefined, frozen: [] } },
      { network: still },
    ),
  ).rejects.toThrow(/^No parameter is trained: the network's trainable\(path\) is true for none of \d+\.$/);
  await expect(
    attempt({ phases, optimizer: { groups: [{ paths: ['encoder.patch_embed'], lrScale: 2 }] } }, given),
  ).rejects.toThrow(/^optimizer\.groups\.0\.paths: what lies below encoder\.patch_embed is not trained \(/);
  await expect(attempt({ phases }, { ...given, onIteratoin: () => undefined })).rejects.toThrow(
    'train: unknown option onIteratoin; did you mean onIteration?',
  );
  await expect(attempt({ phases }, { ...given, enrichment: { modul: 'a', export: 'b' } })).rejects.toThrow(
    'train: enrichment: unknown option modul; did you mean module?',
  );
  const cases: [object, RegExp][] = [
    [{ network: {} }, /^train: network is an object, not a function; give one\.$/],
    [{ onIteration: 3 }, /^train: onIteration is a number, not a function; give one\.$/],
    [{ onPanel: 'x' }, /^train: onPanel is a string, not a function; give one\.$/],
    [{ backbone: 'deit' }, /^train: backbone is a string without apply\(\); give a Backbone, [^\n]+\.$/],
    [{ data: {} }, /^train: data is an object without list\(\); give a Dataset, [^\n]+\.$/],
    [{ enrichment: () => ({}) }, /^train: enrichment is a function; name a module [^\n]+\.$/],
    [
      { enrichment: { ...enrichment, module: new URL(enrichment.module) } },
      /module is an object; give text, such as its href\.$/,
    ],
    [
      { enrichment: { ...enrichment, options: { f: () => 1 } } },
      /^train: enrichment\.options holds [^\n]+; give plain values\.$/,
    ],
    [
      { network: () => undefined },
      /^The network's function gave undefined; return a network at once, [^\n]+\.$/,
    ],
    [{ network: () => Promise.resolve(1) }, /^The network's function gave a promise; /],
    [{ network: changed({ segment: undefined }) }, /^The network has no segment\(\); begin with [^\n]+\.$/],
    [
      { network: changed({ numClasses: 3 }) },
      /^The network is of 3 classes, the data of \d+; make it of options\.numClasses\.$/,
    ],
    [
      { network: changed({ init: () => ({ params: {} }) }) },
      /^init\(\) of the network gave not both params and teacher; /,
    ],
  ];
  for (const [parts, line] of cases)
    await expect(attempt({ phases }, { ...given, ...parts })).rejects.toThrow(line);
  await expect(evaluateCheckpoint('runs/none', { date: data } as never)).rejects.toThrow(
    'evaluateCheckpoint: unknown option date; did you mean data?',
  );
  await expect(train({ batchSize: 2 } as never, { folder: 'runs/none' })).rejects.toThrow(
    'train: the configuration has no optimizer; fill in the defaults by parseConfig({ … }) or loadConfig(file).',
  );
  await expect(train(config, {} as never)).rejects.toThrow(/^train: folder is missing; /);
  await expect(attempt({}, { terms: { brightness } })).rejects.toThrow(
    /^phases\.0\.cam\.high has 4 values for \d+ classes/,
  );
  expect(existsSync(join(folder, 'refused'))).toBe(false);
  expect(() => parseConfig({ evaluation: { average: 'ema' } })).toThrow(
    'config: evaluation.average: there is no average "ema"; configure averages.ema, or set it to none.',
  );
});

test('a program is told what to do in its own words: the option of train(), not that of the command', async () => {
  const common = { backbone, data, report: false, print: () => undefined };
  const at = (name: string, options: object = {}): Promise<unknown> =>
    train(parseConfig({ ...settings, phases: [{ from: 0, weights: { ...six, brightness: 0.3 } }] }), {
      ...common,
      ...{ terms: { brightness }, folder: join(folder, name), ...options },
    });
  await expect(at('whole')).rejects.toThrow(
    /whole: not empty; resume that run with resume: true \(or 'auto'\), or choose another folder\.$/,
  );
  await expect(at('whole', { advice: 'command' })).rejects.toThrow(
    /whole: not empty; resume that run with --resume, or choose another folder with --out\.$/,
  );
  await expect(at('nowhere', { resume: true })).rejects.toThrow(
    /; check folder, or start the run without resume: true \(or with 'auto'\)\.$/,
  );
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const onIteration = async (): Promise<never> => {
    await setTimeout(10);
    throw new Error('enough');
  };
  const failing = { print, onIteration, refine, targets, enrichment };
  await expect(at('failing', failing)).rejects.toThrow('enough');
  expect(lines.at(-1)).toMatch(
    /^Saved iteration 1 \(.*\)\. Resume with: train\(config, \{ folder: ".*failing", resume: true, … \}\)$/,
  );
  expect(lines.join('\n')).not.toMatch(/--(?:resume|out|set)/);
});

test('what a compiled term does wrong names the line of its author', async () => {
  const common = { backbone, data, report: false, print: () => undefined };
  const phases = [{ from: 0, weights: { ...six, ctc: 0, ptc: 0, seg: 0, brightness: 0.3 } }];
  const attempt = (brightness: LossFunction, how: object = {}): Promise<unknown> =>
    train(parseConfig({ ...settings, groupSize: undefined, accumulate: 1, phases }), {
      ...{ ...common, terms: { brightness }, folder: join(folder, 'wrong'), ...how },
    });
  await expect(
    attempt((_, { main, batch }) => tf.mean(tf.matMul(main.clsToken, batch.labels))),
  ).rejects.toThrow(/^MatMul: Dimensions must be equal, [^\n]* at [^\n]*own-method\.test\.ts:\d+:\d+: /);
  // And leaves nothing behind, so that the same program begins once it is corrected.
  expect(existsSync(join(folder, 'wrong'))).toBe(false);
  await expect(attempt(brightness)).rejects.toThrow(
    /^The term brightness reads batch\.extra\.brightness, which is not there, nor anything else; let the enrichment that train\(\) is given return it\.$/,
  );
  await expect(attempt(brightness, { enrichment: { ...enrichment, export: 'broken' } })).rejects.toThrow(
    /^enrichment: broken of .*enrichments\.mjs failed on the image [^:]+: Cannot read properties of undefined \(reading 'length'\) \(line 12:\d+\); correct the function\.$/,
  );
});
