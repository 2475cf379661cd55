import { cpus, loadavg } from 'node:os';
import type { Precision } from '@toco/graph';
import { freeAddresses } from '@toco/runtime';
import { benchmarkConfig, type BenchmarkConfig, type StepOptions } from './benchmark-config.js';
import { assertTorch } from './assert-torch.js';
import { startContender, type Contender, type OurOptions, type Times } from './contender.js';
import { largestDifference } from './largest-difference.js';
import { median } from './median.js';
import { script, withInputs } from './with-inputs.js';

/** What is timed, how often, and with which Python. */
export interface ScaleBenchmarkOptions extends StepOptions {
  readonly precision: Precision;
  /** Iterations of each side that count; they take turns. */
  readonly rounds: number;
  /** Iterations of each side before those. */
  readonly warmup: number;
  /** A Python that has torch. */
  readonly python: string;
  /** Threads of one process with the whole batch, and of all of several together; default: one for each core. */
  readonly threads?: number | undefined;
  /** How many processes share the batch; default: 2. */
  readonly processes?: number | undefined;
  /** Starts PyTorch's processes after ours have ended: for networks of which not all fit into memory at once. */
  readonly apart?: boolean | undefined;
  /** Takes lines about the progress. */
  readonly print: (line: string) => void;
}

/**
 * The sides, each with the same global batch: one process with all threads; several, with their part of batch and threads each, that
 * reduce nothing (`alone`) or gradients and losses (`together`); the latter two in PyTorch.
 */
export type ScaleSide = 'one' | 'alone' | 'together' | 'ddpAlone' | 'ddp';
type PerSide = Readonly<Record<ScaleSide, number>>;

/** What the benchmark found. Times are medians in milliseconds; of several processes the slowest counts. */
export interface ScaleReport {
  readonly backbone: string;
  readonly crop: number;
  readonly batch: number;
  readonly precision: Precision;
  readonly rounds: number;
  readonly processes: number;
  readonly medians: PerSide;
  readonly times: Readonly<Record<ScaleSide, readonly number[]>>;
  /** Medians of the time on processors, of all processes and threads of the side. */
  readonly processor: PerSide;
  readonly imagesPerSecond: PerSide;
  /** Speed with reduction over speed without. */
  readonly kept: { readonly toco: number; readonly pytorch: number };
  /** The same by time on processors: what the reduction costs where other programs take their part of the machine. */
  readonly keptProcessor: { readonly toco: number; readonly pytorch: number };
  /** Speed of the processes together over that of one process. */
  readonly toOne: number;
  /** Milliseconds that the reduction adds to an iteration: medians of the differences in each round. */
  readonly added: { readonly toco: number; readonly pytorch: number };
  /** Milliseconds of the reduction with nothing else to do. */
  readonly reduction: { readonly toco: number; readonly pytorch: number };
  /** Of the gradients; each process of n sends and receives 2 (n − 1) / n times as many. */
  readonly bytes: number;
  /** Largest relative difference of a first loss from that of several processes together, by side. */
  readonly differences: { readonly one: number; readonly alone: number; readonly ddp: number };
  /** What more machines like this process would give. */
  readonly forecast: readonly ForecastRow[];
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly load: number;
    readonly node: string;
    readonly tensorflow: string;
    readonly pytorch: string;
  };
}

/** k machines that each have the part of the batch that a process had here. */
export interface ForecastRow {
  readonly machines: number;
  /** Milliseconds of an iteration. */
  readonly milliseconds: number;
  /** Images per second over those of one machine. */
  readonly speedUp: number;
}

type Losses = Readonly<Record<string, number>>;

/**
 * Times one process, several without and with reduction, and PyTorch's DistributedDataParallel, in turns.
 *
 * @throws one line where a side does not start, or first losses differ by more than 1e-3 in f32
 */
export async function scaleBenchmark(options: ScaleBenchmarkOptions): Promise<ScaleReport> {
  const { processes = 2, batch } = options;
  if (batch % processes !== 0)
    throw new Error(`--batch ${batch} has no ${processes} equal parts: choose a multiple of ${processes}.`);
  assertTorch(options.python);
  const config = benchmarkConfig({ ...options, groupSize: batch / processes });
  return withInputs(config, (inputs) => timeSides(inputs, config, { ...options, processes }));
}

type Settings = ScaleBenchmarkOptions & { readonly processes: number };

async function timeSides(inputs: string, config: BenchmarkConfig, options: Settings): Promise<ScaleReport> {
  const { backbone, crop, batch, precision, rounds, processes } = options;
  const load = loadavg()[0]!;
  const ours: ScaleSide[] = ['one', 'alone', 'together'];
  const theirs: ScaleSide[] = ['ddpAlone', 'ddp'];
  const found = new Map<ScaleSide, SideTimes>();
  for (const sides of options.apart ? [ours, theirs] : [[...ours, ...theirs]])
    for (const [side, times] of await takeTurns(sides, inputs, options)) found.set(side, times);
  const perSide = <T>(of: (times: SideTimes) => T): Record<ScaleSide, T> =>
    Object.fromEntries([...found].map(([side, times]) => [side, of(times)])) as Record<ScaleSide, T>;
  const times = perSide(({ milliseconds }) => milliseconds);
  const medians = perSide(({ milliseconds }) => median(milliseconds));
  const processor = perSide(({ processor }) => median(processor));
  const added = (with_: ScaleSide, without: ScaleSide): number =>
    median(times[with_].map((time, round) => time - times[without][round]!));
  const reduction = {
    toco: median(found.get('together')!.reductions),
    pytorch: median(found.get('ddp')!.reductions),
  };
  const { bytes } = found.get('together')!;
  const losses = perSide(({ losses }) => losses);
  return {
    ...{ backbone, crop, batch, precision, rounds, processes, medians, times, processor },
    imagesPerSecond: perSide(({ milliseconds }) => (1000 * config.batchSize) / median(milliseconds)),
    kept: { toco: medians.alone / medians.together, pytorch: medians.ddpAlone / medians.ddp },
    keptProcessor: {
      toco: processor.alone / processor.together,
      pytorch: processor.ddpAlone / processor.ddp,
    },
    toOne: medians.one / medians.together,
    added: { toco: added('together', 'alone'), pytorch: added('ddp', 'ddpAlone') },
    ...{ reduction, bytes },
    differences: {
      one: checkedDifference('one', losses, precision),
      alone: checkedDifference('alone', losses, precision),
      ddp: checkedDifference('ddp', losses, precision),
    },
    forecast: forecast({ ...{ processes, bytes }, alone: medians.alone, reduction: reduction.toco }),
    machine: {
      ...{ cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, load, node: process.version },
      tensorflow: found.get('one')!.version,
      pytorch: found.get('ddp')!.version,
    },
  };
}

/** What was measured of a side: of each round. */
interface SideTimes {
  readonly version: string;
  readonly milliseconds: number[];
  readonly processor: number[];
  readonly reductions: number[];
  bytes: number;
  /** First ones, means over the processes. */
  losses: Losses;
}

async function takeTurns(
  names: readonly ScaleSide[],
  inputs: string,
  options: Settings,
): Promise<Map<ScaleSide, SideTimes>> {
  const { rounds, warmup, print } = options;
  const sides = new Map<ScaleSide, readonly Contender[]>();
  const found = new Map<ScaleSide, SideTimes>();
  try {
    for (const side of names) {
      print(`starting ${titles[side]}`);
      const processes = await startSide(side, inputs, options);
      sides.set(side, processes);
      const { version } = processes[0]!;
      found.set(side, {
        ...{ version, milliseconds: [], processor: [], reductions: [], bytes: 0, losses: {} },
      });
    }
    for (let round = -warmup; round < rounds; round++) {
      for (const [side, processes] of sides) {
        const times = found.get(side)!;
        const steps = await Promise.all(processes.map((process) => process.step()));
        if (round === -warmup) times.losses = meanOf(steps.map(({ losses }) => losses));
        const reduces = side === 'together' || side === 'ddp';
        const reductions = reduces ? await Promise.all(processes.map((process) => process.reduce())) : [];
        if (round < 0) continue;
        times.milliseconds.push(slowest(steps));
        times.processor.push(steps.reduce((sum, step) => sum + step.processorMilliseconds, 0));
        if (!reduces) continue;
        times.reductions.push(slowest(reductions));
        times.bytes = reductions[0]!.bytes;
      }
      const latest = names.map(
        (side) => `${side} ${Math.round(found.get(side)!.milliseconds.at(-1) ?? 0)} ms`,
      );
      print(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}: ${latest.join(', ')}`);
    }
    return found;
  } finally {
    for (const process of [...sides.values()].flat()) process.close();
  }
}

const slowest = (times: readonly Times[]): number =>
  Math.max(...times.map(({ milliseconds }) => milliseconds));

function meanOf(all: readonly Losses[]): Losses {
  return Object.fromEntries(
    Object.keys(all[0]!).map((term) => [term, all.reduce((sum, own) => sum + own[term]!, 0) / all.length]),
  );
}

async function startSide(side: ScaleSide, inputs: string, options: Settings): Promise<Contender[]> {
  const { precision, python, processes, threads = cpus().length } = options;
  const addresses = await freeAddresses(processes);
  const each = String(side === 'one' ? threads : Math.max(1, Math.floor(threads / processes)));
  const ours = (more: OurOptions): string[] => [
    ...[process.execPath, script('./ours.js'), inputs, precision, each, JSON.stringify(more)],
  ];
  const commandOf = (rank: number): string[] => {
    const share = { index: rank, count: processes };
    if (side === 'one') return ours({});
    if (side === 'alone') return ours({ share });
    if (side === 'together') return ours({ share, cluster: { addresses, rank } });
    const command = [python, '-B', script('../pytorch/contender.py'), '--inputs', inputs];
    command.push('--form', 'deduplicated', '--precision', precision, '--threads', each);
    command.push('--rank', String(rank), '--processes', String(processes));
    return side === 'ddp' ? [...command, '--meet', addresses[0]!] : command;
  };
  const count = side === 'one' ? 1 : processes;
  return Promise.all(Array.from({ length: count }, (_, rank) => startContender(side, commandOf(rank))));
}

/** What the sides are called. */
export const titles: Readonly<Record<ScaleSide, string>> = {
  one: 'one process with all threads',
  alone: 'several processes, no reduction',
  together: 'several processes, reduction',
  ddpAlone: 'PyTorch, no reduction',
  ddp: 'PyTorch, DistributedDataParallel',
};

const compared = ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'];

/** Sides that compute something else would be no benchmark: in f32 the first losses must agree. */
function checkedDifference(
  side: 'one' | 'alone' | 'ddp',
  losses: Readonly<Record<ScaleSide, Losses>>,
  precision: Precision,
): number {
  const terms = (of: Losses): Losses => Object.fromEntries(compared.map((term) => [term, of[term]!]));
  const { difference, term } = largestDifference(terms(losses[side]), terms(losses.together));
  if (precision === 'f32' && !(difference <= 1e-3))
    throw new Error(
      `The first iteration's ${term} of ${titles[side]} differs from that with reduction by ${difference.toExponential(1)}.`,
    );
  return difference;
}

/** Bits per second of the network that the forecast is for: 10 Gbit/s. */
export const network = 10e9;

/**
 * What k machines would give that each do what a process did here, with the reduction after the rest: its time here scaled by what a
 * process sends, 2 (k − 1) / k of the gradients, and that over the network. Nothing is taken to overlap.
 */
export function forecast({
  processes,
  bytes,
  alone,
  reduction,
}: {
  readonly processes: number;
  readonly bytes: number;
  readonly alone: number;
  readonly reduction: number;
}): ForecastRow[] {
  const sent = (machines: number): number => (2 * (machines - 1)) / machines;
  return [1, 2, 4, 8, 16].map((machines) => {
    const handling = (reduction * sent(machines)) / sent(processes);
    const wire = (1000 * 8 * bytes * sent(machines)) / network;
    const milliseconds = alone + handling + wire;
    return { machines, milliseconds, speedUp: (machines * alone) / milliseconds };
  });
}
