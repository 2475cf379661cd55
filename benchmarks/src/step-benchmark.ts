import { cpus, loadavg } from 'node:os';
import type { Precision } from '@toco/graph';
import { assertTorch } from './assert-torch.js';
import { benchmarkConfig, sizesOf, type BenchmarkConfig, type StepOptions } from './benchmark-config.js';
import { startContender, type Contender } from './contender.js';
import { iterationFlops } from './flop-count.js';
import { largestDifference } from './largest-difference.js';
import { median } from './median.js';
import { script, withInputs } from './with-inputs.js';

/** What is timed, how often, and with which Python. */
export interface StepBenchmarkOptions extends StepOptions {
  readonly precision: Precision;
  /** Iterations of each side that count; they take turns. */
  readonly rounds: number;
  /** Iterations of each side before those. */
  readonly warmup: number;
  /** A Python that has torch. */
  readonly python: string;
  readonly threads?: number | undefined;
  /** Takes lines about the progress. */
  readonly print: (line: string) => void;
}

/** The sides: ours, and both forms of the PyTorch one; `originalF32` is there when the precision is another. */
export type Side = 'toco' | 'original' | 'deduplicated' | 'originalF32';
type PerSide = Readonly<Partial<Record<Side, number>>>;

/** What the benchmark found. Times are medians in milliseconds, memory in MiB, work in GFLOP. */
export interface StepReport {
  readonly backbone: string;
  readonly crop: number;
  readonly local: number;
  readonly batch: number;
  readonly precision: Precision;
  readonly rounds: number;
  /** The original's passes in PyTorch to ours, same precision. */
  readonly ratio: number;
  /** The de-duplicated iteration in PyTorch to ours, same precision. */
  readonly ratioDeduplicated: number;
  /** The original's passes in PyTorch in f32 to ours. */
  readonly ratioF32Original: number;
  readonly medians: PerSide;
  readonly times: Readonly<Partial<Record<Side, readonly number[]>>>;
  /** Medians of the time on processors, all threads together, in milliseconds. */
  readonly processor: PerSide;
  readonly memory: PerSide;
  /** Our work of the iteration. */
  readonly gflop: number;
  /** When everything is computed once. */
  readonly gflopDeduplicated: number;
  /** With the passes that the original repeats. */
  readonly gflopOriginal: number;
  /** Work over time of each side, of what it computes. */
  readonly gflops: PerSide;
  /** GFLOP/s of matrix products of 2048 × 2048 in each engine. */
  readonly peaks: { readonly toco: number; readonly pytorch: number };
  /** Our GFLOP/s over the better of the peaks. */
  readonly share: number;
  /** Losses of the first iteration. */
  readonly losses: Readonly<Partial<Record<Side, Readonly<Record<string, number>>>>>;
  /** Largest relative difference between our first losses and those of each other side. */
  readonly differences: PerSide;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly threads: number;
    /** Load average of the last minute at the start: above 0.5 the machine was not quiet. */
    readonly load: number;
    readonly node: string;
    readonly tensorflow: string;
    readonly pytorch: string;
  };
}

/**
 * Times the compiled step and both forms of the PyTorch iteration in turns, each in a process of its own.
 *
 * @throws one line where a side does not start, or the losses of the first iteration differ by more than 1e-3 in f32
 */
export async function stepBenchmark(options: StepBenchmarkOptions): Promise<StepReport> {
  const config = benchmarkConfig(options);
  assertTorch(options.python);
  return withInputs(config, (inputs) => timeSides(inputs, config, options));
}

async function timeSides(
  inputs: string,
  config: BenchmarkConfig,
  options: StepBenchmarkOptions,
): Promise<StepReport> {
  const { precision, rounds, warmup, print } = options;
  const load = loadavg()[0]!;
  const sides = new Map<Side, Contender>();
  try {
    for (const side of sidesOf(precision)) {
      print(`starting ${side}`);
      sides.set(side, await startContender(side, commandOf(side, inputs, options)));
    }

    const losses: Partial<Record<Side, Readonly<Record<string, number>>>> = {};
    const times: Partial<Record<Side, number[]>> = {};
    const processorTimes: Partial<Record<Side, number[]>> = {};
    for (let round = -warmup; round < rounds; round++) {
      for (const [side, contender] of sides) {
        const step = await contender.step();
        losses[side] ??= step.losses;
        if (round < 0) continue;
        (times[side] ??= []).push(step.milliseconds);
        (processorTimes[side] ??= []).push(step.processorMilliseconds);
      }
      const latest = [...sides.keys()].map((side) => `${side} ${Math.round(times[side]?.at(-1) ?? 0)} ms`);
      print(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}: ${latest.join(', ')}`);
    }
    const memory = perSide(sides, (side) => side.memory());

    const peaks = {
      toco: await sides.get('toco')!.peak(2048, precision),
      pytorch: await sides.get('deduplicated')!.peak(2048, precision),
    };
    const { ours: own, deduplicated, original } = iterationFlops(sizesOf(config));
    const medians = mediansOf(times);
    const ours = medians['toco']!;
    const gflops = Object.fromEntries(
      Object.entries(medians).map(([side, time]) => {
        const work = side === 'toco' ? own : side === 'deduplicated' ? deduplicated : original;
        return [side, work / 1e6 / time];
      }),
    );
    return {
      backbone: options.backbone,
      crop: config.cropSize,
      local: config.localCrops.size,
      batch: config.batchSize,
      precision,
      rounds,
      ratio: medians['original']! / ours,
      ratioDeduplicated: medians['deduplicated']! / ours,
      ratioF32Original: (medians['originalF32'] ?? medians['original']!) / ours,
      medians,
      times,
      processor: mediansOf(processorTimes),
      memory,
      gflop: own / 1e9,
      gflopDeduplicated: deduplicated / 1e9,
      gflopOriginal: original / 1e9,
      gflops,
      peaks,
      share: gflops['toco']! / Math.max(peaks.toco, peaks.pytorch),
      losses,
      differences: checkedDifferences(losses, precision),
      machine: {
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: cpus().length,
        threads: sides.get('toco')!.threads,
        load,
        node: process.version,
        tensorflow: sides.get('toco')!.version,
        pytorch: sides.get('deduplicated')!.version,
      },
    };
  } finally {
    for (const contender of sides.values()) contender.close();
  }
}

function mediansOf(times: Readonly<Record<string, readonly number[]>>): Record<string, number> {
  return Object.fromEntries(Object.entries(times).map(([side, all]) => [side, median(all)]));
}

function sidesOf(precision: Precision): Side[] {
  const sides: Side[] = ['toco', 'original', 'deduplicated'];
  return precision === 'f32' ? sides : [...sides, 'originalF32'];
}

function commandOf(
  side: Side,
  inputs: string,
  { precision, threads, python }: StepBenchmarkOptions,
): string[] {
  if (side === 'toco') {
    return [
      process.execPath,
      script('./ours.js'),
      inputs,
      precision,
      ...(threads === undefined ? [] : [String(threads)]),
    ];
  }
  const [form, format] = side === 'originalF32' ? ['original', 'f32'] : [side, precision];
  const command = [python, '-B', script('../pytorch/contender.py'), '--inputs', inputs];
  const choice = ['--form', form, '--precision', format];
  return [...command, ...choice, ...(threads === undefined ? [] : ['--threads', String(threads)])];
}

function perSide(
  sides: ReadonlyMap<Side, Contender>,
  measure: (contender: Contender) => number | undefined,
): PerSide {
  return Object.fromEntries([...sides].map(([side, contender]) => [side, measure(contender)]));
}

/** Three sides that compute something else would be no benchmark: in f32 the first losses must agree. */
function checkedDifferences(losses: StepReport['losses'], precision: Precision): PerSide {
  const differences: Partial<Record<Side, number>> = {};
  for (const side of Object.keys(losses) as Side[]) {
    if (side === 'toco') continue;
    const { difference, term } = largestDifference(losses.toco!, losses[side]!);
    differences[side] = difference;
    if (precision === 'f32' && !(difference <= 1e-3)) {
      throw new Error(
        `The first iteration's ${term} of ${side} differs from ours by ${difference.toExponential(1)}.`,
      );
    }
  }
  return differences;
}
