import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  type BatchFeed,
  datasetAt,
  defaultViewOptions,
  encodeJpeg,
  feedBatch,
  sampleList,
  type SampleList,
  trainingLoader,
  vocClasses,
  type TrainingBatch,
} from '@toco/datasets';
import { compile } from '@toco/graph';
import { lossTerms, phaseAt } from '@toco/method';
import { initBackend } from '@toco/runtime';
import { loaderThreads, openRecords, parseConfig } from '@toco/trainer';
import { median } from './median.js';
import { photoLike } from './photo-like.js';
import { script } from './with-inputs.js';

/** What is fed, and for how long. */
export interface FeedBenchmarkOptions {
  /** A folder of data; default: photo-like JPEG files of 375 × 500. */
  readonly data?: string | undefined;
  readonly labels?: string | undefined;
  readonly crop: number;
  readonly batch: number;
  /** Batches that count in each measurement. */
  readonly rounds: number;
  /** Batches before those. */
  readonly warmup: number;
  readonly workers?: number | undefined;
  /** A Python that may have torchvision. */
  readonly python: string;
  readonly print: (line: string) => void;
}

/** Images a second, and processor time of an image in milliseconds. */
export interface FeedRate {
  readonly workers: number;
  readonly imagesPerSecond: number;
  /** Of worker threads, and of the decoder's. */
  readonly processor: number;
}

/** What the benchmark found; times in milliseconds. */
export interface FeedReport {
  readonly crop: number;
  readonly batch: number;
  readonly images: string;
  readonly one: FeedRate;
  readonly all: FeedRate;
  /** The main thread's work for an iteration: medians of the time that passed in each part, and its processor time in all. */
  readonly main: {
    readonly packing: number;
    readonly upload: number;
    readonly logs: number;
    readonly processor: number;
  };
  /** The same views by torchvision and Pillow, without a lattice; undefined where Python lacks them. */
  readonly torchvision?: { readonly versions: string; readonly processor: number };
  readonly machine: { readonly cpu: string; readonly cores: number; readonly load: number };
}

/** What {@link feed} is told besides the images. */
interface FeedOptions extends Pick<FeedBenchmarkOptions, 'crop' | 'batch' | 'rounds' | 'warmup'> {
  readonly workers: number;
  /** Takes the run's records. */
  readonly folder: string;
}

/** Feeds a step that does nothing, with one worker thread and with all of them. */
export async function feedBenchmark(options: FeedBenchmarkOptions): Promise<FeedReport> {
  const { crop, batch, print } = options;
  const load = loadavg()[0]!;
  const folder = mkdtempSync(join(tmpdir(), 'toco-feed-'));
  try {
    await initBackend({ backend: 'tensorflow', device: 'cpu', print: () => undefined });
    const { list, images } = await imagesOf(options, folder);
    const measure = async (workers: number): ReturnType<typeof feed> => {
      print(`${workers} worker${workers === 1 ? '' : 's'} …`);
      return feed(list, { ...options, workers, folder: mkdtempSync(join(folder, 'run-')) });
    };
    const one = await measure(1);
    const workers = options.workers ?? loaderThreads({ workers: 'auto', prefetch: 'auto' }).workers;
    const all = workers === 1 ? one : await measure(workers);
    print('torchvision …');
    const torchvision = torchvisionTimes(list, options);
    return {
      ...{ crop, batch, images, one: one.rate, all: all.rate, main: all.main },
      ...(torchvision && { torchvision }),
      machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), load },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function imagesOf(
  { data, labels, batch }: FeedBenchmarkOptions,
  folder: string,
): Promise<{ list: SampleList; images: string }> {
  if (data !== undefined) {
    const dataset = await datasetAt(data, { labels });
    return { list: await dataset.list(dataset.lists.train), images: data };
  }
  const [width, height] = [500, 375];
  mkdirSync(join(folder, 'images'));
  const samples = [];
  for (let i = 0; i < Math.max(16, batch); i++) {
    const levels = Uint8Array.from(photoLike(width, 1 + 10 * i));
    const path = join(folder, 'images', `${i}.jpg`);
    const photograph = { width, height, data: levels.subarray(0, 3 * width * height) };
    writeFileSync(path, await encodeJpeg(photograph, { width, height }));
    const present = Uint8Array.from(vocClasses, (_, c) => (c === i % vocClasses.length ? 1 : 0));
    samples.push({ id: String(i), image: { path }, labels: present });
  }
  return {
    list: sampleList('photo-like', vocClasses, samples),
    images: `photo-like, ${height} × ${width}`,
  };
}

/** Batches as training makes them, into a compiled step without work, and the records that a run keeps. */
async function feed(
  list: SampleList,
  { crop, batch, rounds, warmup, workers, folder }: FeedOptions,
): Promise<{ rate: FeedRate; main: FeedReport['main'] }> {
  const config = parseConfig({ batchSize: batch });
  const { mean, std } = defaultViewOptions.normalization;
  const { sigmaXy, sigmaRgb } = config.reg;
  const loader = trainingLoader(list, {
    ...{ batchSize: batch, seed: 0, views: { ...defaultViewOptions, cropSize: crop } },
    ...loaderThreads({ workers, prefetch: 'auto' }),
    lattice: { mean, std, sigmaXy, sigmaRgb },
  });
  const records = await openRecords(folder, {
    ...{ config, start: 0, total: warmup + rounds, window: undefined, validates: false },
    print: () => undefined,
  });
  const next = async (): Promise<{ packing: number; batch: BatchFeed; made: TrainingBatch }> => {
    const made: IteratorResult<TrainingBatch, undefined> = await loader.next();
    const began = performance.now();
    const packed = feedBatch(made.value!);
    return { packing: performance.now() - began, batch: packed, made: made.value! };
  };
  const phase = phaseAt(config.phases, Infinity);
  const state = { nothing: tf.scalar(0) };
  const first = await next();
  const step = await compile(
    (now: { nothing: tf.Scalar }) => ({ state: now, metrics: { loss: tf.add(now.nothing, 1) } }),
    { state, batch: first.batch },
  );
  tf.dispose(state);
  const times = { packing: [] as number[], upload: [] as number[], logs: [] as number[] };
  try {
    let start = spent();
    for (let i = 0; i < warmup + rounds; i++) {
      if (i === warmup) start = spent();
      const { packing, batch: feeding, made } = await next();
      const began = performance.now();
      // The call copies the batch before it returns; what comes after is TensorFlow's.
      const running = step.run(feeding);
      const uploaded = performance.now();
      await running;
      const done = performance.now();
      await records.step(i + 1, exampleMetrics, { feed: feeding, phase });
      loader.giveBack(made);
      if (i < warmup) continue;
      times.packing.push(packing);
      times.upload.push(uploaded - began);
      times.logs.push(performance.now() - done);
    }
    const end = spent();
    const count = rounds * batch;
    const main = end.main - start.main;
    return {
      rate: {
        workers,
        imagesPerSecond: count / ((end.wall - start.wall) / 1000),
        processor: (end.process - start.process - main) / count,
      },
      main: {
        packing: median(times.packing),
        upload: median(times.upload),
        logs: median(times.logs),
        processor: main / rounds,
      },
    };
  } finally {
    records.pause();
    await loader.close();
    step.dispose();
  }
}

/** As many numbers as a run has metrics. */
const exampleMetrics = Object.fromEntries(
  ['loss', ...lossTerms, 'gradNorm', 'lr', 'seconds'].map((name) => [name, 1]),
);

/** Milliseconds so far: of the clock, of the whole process on processors, and of its main thread. */
function spent(): { wall: number; process: number; main: number } {
  const { user, system } = process.cpuUsage();
  let main = NaN; // Linux alone tells
  try {
    main = Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    // another system
  }
  return { wall: performance.now(), process: (user + system) / 1000, main };
}

function torchvisionTimes(
  list: SampleList,
  { crop, batch, rounds, python }: FeedBenchmarkOptions,
): FeedReport['torchvision'] {
  const paths = Array.from({ length: rounds * batch }, (_, i) => {
    const { image } = list.sample(i % list.length);
    return 'path' in image ? image.path : '';
  });
  const { status, stdout } = spawnSync(python, ['-B', script('../pytorch/feed.py'), String(crop)], {
    input: paths.join('\n'),
    encoding: 'utf8',
  });
  if (status !== 0) return undefined;
  return JSON.parse(stdout) as FeedReport['torchvision'];
}

/** The report as a few lines. */
export function formatFeedReport(report: FeedReport): string {
  const { crop, batch, images, one, all, main, torchvision, machine } = report;
  const rate = ({ workers, imagesPerSecond, processor }: FeedRate): string =>
    `${workers} worker${workers === 1 ? '' : 's'}: ${imagesPerSecond.toFixed(1)} images/s (${(imagesPerSecond / workers).toFixed(1)} each), ${processor.toFixed(1)} ms of processor time an image`;
  return [
    `Feeding ${crop} × ${crop}, batch ${batch}, ${images}; ${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(1)}`,
    rate(one),
    ...(all === one || all.workers === 1 ? [] : [rate(all)]),
    `main thread, an iteration: packing ${main.packing.toFixed(2)} ms, upload ${main.upload.toFixed(2)} ms, logs ${main.logs.toFixed(2)} ms (medians); ${main.processor.toFixed(1)} ms of processor time in all`,
    torchvision
      ? `${torchvision.versions}, the same views without a lattice: ${torchvision.processor.toFixed(1)} ms of processor time an image`
      : 'no torchvision to compare with: --python PATH',
  ].join('\n');
}
