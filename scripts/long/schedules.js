// A whole schedule in a tiny network, in one process and without resuming: memory, open files, traces and time must not grow.
import { spawn } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const self = fileURLToPath(import.meta.url);
const packageOf = createRequire(new URL('../../packages/trainer/package.json', import.meta.url));
const load = (name) => import(pathToFileURL(packageOf.resolve(name)).href);

const on = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 };
const contrast = { ...on, seg: 0, reg: 0 };
const classification = { ...contrast, ptc: 0, ctc: 0 };

/** The recipes' phases, batch sizes and numbers of classes; COCO's is a tenth as long. */
const schedules = {
  voc: {
    ...{ classes: 20, batchSize: 4, iterations: 20_000, warmup: 1500, validations: 10, mostClasses: 6 },
    phases: [
      { from: 0, weights: contrast },
      { from: 2001, weights: on },
    ],
  },
  coco: {
    ...{ classes: 80, batchSize: 8, iterations: 8000, warmup: 150, validations: 10, mostClasses: 18 },
    phases: [
      { from: 0, weights: classification },
      { from: 801, weights: { ...on, ptc: 0, ctc: 0 }, labelCam: 'aux' },
      { from: 1201, weights: on },
    ],
  },
};

/** Most that may grow in the second half. */
const limits = { megabytesPer1000: 1, descriptorsPer1000: 0.01, tracesPer1000: 0.01, time: 0.02 };

export const job = {
  name: 'schedules',
  says: 'the schedules of VOC (20,000 iterations) and of COCO (a tenth) in a tiny network: memory, files, traces, time',
  async run({ folder, log, signal }) {
    const lines = [];
    for (const name of Object.keys(schedules)) {
      const figures = join(folder, `${name}.json`);
      // What ended well before need not run again.
      const before = await readFile(figures, 'utf8').catch(() => undefined);
      const samples =
        before === undefined ? await trainApart(name, { folder, log, signal }) : JSON.parse(before);
      if (signal?.aborted) return '';
      lines.push(verdict(name, samples));
      if (before === undefined) await writeFile(figures, JSON.stringify(samples));
    }
    return lines.join('; ');
  },
};

/** Trains in a process of its own, whose memory is nobody else's. */
async function trainApart(name, { folder, log = () => undefined, iterations, signal }) {
  await mkdir(folder, { recursive: true });
  const run = join(folder, `run-${name}`);
  await rm(run, { recursive: true, force: true });
  const samples = join(folder, `${name}-samples.json`);
  const child = spawn(
    process.execPath,
    [self, name, run, samples, String(iterations ?? schedules[name].iterations)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop);
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    tail = (tail + text).slice(-2000);
    log(text.trimEnd());
  });
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (status !== 0)
    throw new Error(`${name}: the run ended with ${status}: ${tail.trim().split('\n').at(-1)}`);
  return JSON.parse(await readFile(samples, 'utf8'));
}

/** Figures of a run's second half in one line; throws where something grows. */
function verdict(name, { samples, validations, sizes, traced }) {
  const last = samples.at(-1).iteration;
  const half = samples.filter(({ iteration }) => iteration >= last / 2);
  const slope = (key) => 1000 * slopeOf(half.map((sample) => [sample.iteration, sample[key]]));
  const memory = slope('megabytes');
  const descriptors = slope('descriptors');
  const traces = slope('traces');
  // In yardsticks, not seconds: what else the machine does makes both longer.
  const yardsticks = tenthsOf(half, 'yardstick');
  const growth = (key) => {
    const times = tenthsOf(half, key).map(([at, seconds], i) => [at, seconds / yardsticks[i][1]]);
    return (slopeOf(times) * (last / 2)) / median(times.map(([, time]) => time));
  };
  // Who else works on the machine moves one clock or the other; a run that gets slower moves both.
  const time = Math.min(growth('processor'), growth('wall'));
  const line =
    `${name}: ${last} iterations, ${validations} validations over ${sizes} sizes, ${traced} functions traced; second half: ` +
    `memory ${memory.toFixed(2)} MB, descriptors ${descriptors.toFixed(3)}, traces ${traces.toFixed(3)} per 1,000 iterations, ` +
    `processor time ${(100 * time).toFixed(1)} %, wall time ${(100 * growth('wall')).toFixed(1)} % ` +
    `(median ${(1000 * median(half.map(({ wall }) => wall))).toFixed(0)} ms), ${half.at(-1).megabytes.toFixed(0)} MB at the end`;
  const wrong = [
    memory >= limits.megabytesPer1000 && 'memory',
    descriptors > limits.descriptorsPer1000 && 'open files',
    traces > limits.tracesPer1000 && 'traces',
    time >= limits.time && 'time',
  ].filter(Boolean);
  if (wrong.length > 0) throw new Error(`${wrong.join(', ')} grew. ${line}`);
  return line;
}

/** The median of each tenth, and its place. */
function tenthsOf(samples, key) {
  const medians = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    const part = samples.slice((tenth * samples.length) / 10, ((tenth + 1) * samples.length) / 10);
    if (part.length > 0)
      medians.push([
        median(part.map(({ iteration }) => iteration)),
        median(part.map((sample) => sample[key])),
      ]);
  }
  return medians;
}

/** The median of the slopes between all pairs of points (Theil and Sen): single outliers, such as a validation, don't matter. */
function slopeOf(points) {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).map(([x2, y2]) => (y2 - y) / (x2 - x)));
  return median(slopes);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(values.length - 1) >> 1] + sorted[values.length >> 1]) / 2;
}

/** Drawn scenes of many sizes; some images show many classes, so that batches have all shapes that photographs give. */
async function scenes({ classes, mostClasses }, onSample) {
  const { syntheticScenes } = await load('@toco/datasets');
  const parts = [56, 64, 76, 90].map((size) =>
    syntheticScenes({ size, seed: size, train: 500, val: 40, aspectRange: [0.6, 1.6] }),
  );
  const names = Array.from({ length: classes }, (_, c) => `class ${c + 1}`);
  return {
    name: 'scenes of many sizes',
    classes: names,
    lists: { train: 'train', val: 'val' },
    async list(name) {
      const lists = await Promise.all(parts.map((part) => part.list(name)));
      const length = lists.reduce((sum, list) => sum + list.length, 0);
      return {
        ...{ name, classes: names, length },
        sample(index) {
          onSample(name);
          const sample = lists[index % lists.length].sample(Math.floor(index / lists.length));
          const labels = new Uint8Array(classes);
          labels.set(sample.labels);
          const more = index % 8 === 0 ? 1 + ((index / 8) % mostClasses) : 0;
          for (let k = 0; k < more; k++) labels[(index + 7 * k) % classes] = 1;
          return { ...sample, labels };
        },
      };
    },
  };
}

const numbers = new Float32Array(2 ** 22).map((_, i) => Math.sin(i));
const copy = new Float32Array(numbers.length);

/** Seconds of the same work each time, half of it memory's and half the processor's: the best of a few. */
function yardstick() {
  const times = [];
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    copy.set(numbers);
    let sum = 0;
    for (let i = 0; i < numbers.length; i += 4) sum = sum * 0.999 + numbers[i];
    copy[0] = sum;
    times.push((performance.now() - began) / 1000);
  }
  return Math.min(...times);
}

/** Trains and writes down, every 50 iterations, what the process holds. */
async function trainHere([name, folder, file, length]) {
  const { parseConfig, train } = await load('@toco/trainer');
  const { loadEvaluationSample } = await load('@toco/datasets');
  const { vit } = await load('@toco/backbone');
  const schedule = schedules[name];
  const iterations = Number(length);
  const scale = iterations / schedule.iterations;
  const { batchSize } = schedule;

  let [traced, held, asked] = [0, 0, 0];
  subscribe('@toco/graph:traces', ({ event, held: now }) => {
    // What was looked at before the first step, by the check of the data, is no batch.
    if (event === 'traced' && traced++ === 0) asked = 0;
    held = now;
  });
  // Not by the option of Node's, which worker threads refuse to inherit.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const samples = [];
  const every = Math.max(1, Math.round(50 * scale));
  let [cpu, clock] = [process.cpuUsage(), performance.now()];
  let resident = [];
  const take = (list) => {
    if (list !== 'train') return;
    // One instant says more of the operation that happens to run than of what the run holds.
    resident.push(process.memoryUsage.rss());
    if (++asked % (every * batchSize) !== 0) return;
    const { user, system } = process.cpuUsage(cpu);
    // What is held counts, not when Node collects what isn't: that alone moves by tens of megabytes.
    collect();
    samples.push({
      iteration: asked / batchSize,
      megabytes: median(resident) / 2 ** 20,
      descriptors: readdirSync('/proc/self/fd').length,
      traces: held,
      processor: (user + system) / 1e6 / every,
      wall: (performance.now() - clock) / 1000 / every,
      yardstick: yardstick(),
    });
    resident = [];
    [cpu, clock] = [process.cpuUsage(), performance.now()];
  };
  const data = await scenes(schedule, take);
  const list = await data.list(data.lists.val);
  const seen = new Set();
  for (let i = 0; i < list.length; i++) {
    const { mask } = await loadEvaluationSample(list.sample(i), { size: 64 });
    seen.add(`${mask.width}x${mask.height}`);
  }
  const config = parseConfig({
    batchSize,
    data: { workers: 1 },
    views: { cropSize: 64 },
    localCrops: { size: 32, count: 4 },
    network: { decoderDim: 16, projection: { hidden: 32, bottleneck: 16, out: 32 } },
    optimizer: { iterations, warmup: Math.round(schedule.warmup * scale) },
    phases: schedule.phases.map((phase) => ({ ...phase, from: Math.round(phase.from * scale) })),
    evaluation: { every: Math.round(iterations / schedule.validations), size: 64 },
    run: {
      checkpointEvery: Math.max(1, Math.round(1000 * scale)),
      logEvery: Math.max(1, Math.round(20 * scale)),
    },
  });
  const backbone = vit({ name: 'vit_tiniest', imageSize: 64, patchSize: 16, dim: 24, depth: 4, heads: 2 });
  const result = await train(config, { folder, backbone, data });
  if (result.iterations !== iterations) throw new Error(`ended after ${result.iterations} iterations`);
  const rows = (await readFile(join(folder, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((row) => JSON.parse(row));
  const validations = rows.filter(({ kind }) => kind === 'evaluation').length;
  await writeFile(file, JSON.stringify({ samples, validations, sizes: seen.size, traced }));
}

if (process.argv[1] === self) await trainHere(process.argv.slice(2));
