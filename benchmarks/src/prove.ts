import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { lossTerms } from '@toco/method';
import { benchmarkConfig, type StepOptions } from './benchmark-config.js';
import { startContender, type Contender, type OurOptions } from './contender.js';
import { median } from './median.js';
import { script, withInputs } from './with-inputs.js';

/** What is proven, and with how many iterations. */
export interface ProveOptions extends StepOptions {
  readonly device: 'cpu' | 'gpu';
  readonly rounds: number;
  readonly python: string;
  readonly print: (line: string) => void;
}

/** One line of the table. */
export interface ProofRow {
  readonly what: string;
  /** Largest relative difference of a loss of the first iteration from float32 on the processor. */
  readonly difference?: number;
  /** What it may be. */
  readonly tolerance?: number;
  /** Seconds until the first iteration is done, tracing and compiling included. */
  readonly first?: number;
  /** Median milliseconds of an iteration. */
  readonly milliseconds?: number;
  /** MiB: of the device on GPUs, else the process's peak. */
  readonly memory?: number;
  /** Why there are no figures. */
  readonly failure?: string;
}

interface Variant {
  readonly what: string;
  readonly precision: 'f32' | 'bf16';
  readonly options: OurOptions;
  readonly tolerance: number;
}

const exact = 1e-4;
const rounded = 2e-3;

function variantsOn(device: 'cpu' | 'gpu'): Variant[] {
  const of = (what: string, precision: 'f32' | 'bf16', tf32: boolean): Variant[] =>
    [false, true].map((xla) => ({
      what: `${what}${xla ? ', XLA' : ''}`,
      precision,
      options: { device, tf32, xla },
      tolerance: precision === 'f32' && !tf32 ? exact : rounded,
    }));
  return [
    ...of('f32', 'f32', false),
    ...(device === 'gpu' ? of('TF32', 'f32', true) : []),
    ...of('bf16', 'bf16', false),
  ];
}

/**
 * Takes the training step in every precision, with and without XLA, each in a process of its own, and compares its first losses with
 * those of float32 on the processor; two processes at once; PyTorch where it is installed. A variant that fails is a line of the
 * table, not the end.
 */
export async function prove(options: ProveOptions): Promise<ProofRow[]> {
  const { device, print, python } = options;
  return withInputs(benchmarkConfig(options), async (inputs) => {
    const ours = (variant: Variant, threads = '-'): string[] => [
      ...[process.execPath, script('./ours.js'), inputs, variant.precision, threads],
      JSON.stringify(variant.options),
    ];
    const rows: ProofRow[] = [];
    const add = (row: ProofRow): void => {
      rows.push(row);
      print(formatProof([row]).split('\n').at(-1)!.trim());
    };

    let reference: Readonly<Record<string, number>> | undefined;
    const onProcessor = { what: 'f32 on the processor', precision: 'f32', tolerance: exact } as const;
    if (device === 'gpu') {
      const variant = { ...onProcessor, options: { device: 'cpu' } } as const;
      const row = await measure({ ...variant, command: ours(variant), rounds: 1, reference });
      reference = row.losses;
      add(row);
    }
    for (const variant of variantsOn(device)) {
      const row = await measure({ ...variant, command: ours(variant), rounds: options.rounds, reference });
      reference ??= row.losses;
      add(row);
    }

    const [plain] = variantsOn(device);
    const devices = device === 'gpu' ? gpus() : 2;
    if (devices >= 2) {
      const threads = String(Math.max(1, Math.floor(availableParallelism() / 2)));
      const both = [0, 1].map((which) =>
        measure({
          ...plain!,
          what: `${plain!.what}, one of two processes at once (${device === 'gpu' ? `GPU ${which}` : `${threads} threads`})`,
          command: ours(plain!, device === 'gpu' ? '-' : threads),
          environment: device === 'gpu' ? { CUDA_VISIBLE_DEVICES: String(which) } : {},
          rounds: options.rounds,
          reference,
        }),
      );
      for (const row of await Promise.all(both)) add(row);
    } else add({ what: 'two processes at once', failure: 'there is one GPU' });

    if (spawnSync(python, ['-c', 'import torch']).status !== 0) {
      add({ what: 'PyTorch', failure: `${python} has no torch` });
      return rows;
    }
    for (const precision of ['f32', 'bf16'] as const) {
      for (const form of ['deduplicated', 'original']) {
        const command = [python, '-B', script('../pytorch/contender.py'), '--inputs', inputs];
        command.push('--form', form, '--precision', precision);
        command.push('--device', device === 'gpu' ? 'cuda' : 'cpu');
        const what = `PyTorch, ${form}, ${precision}`;
        add(await measure({ what, command, rounds: options.rounds, reference, tolerance: 1e-3 }));
      }
    }
    return rows;
  });
}

interface Measurement {
  readonly what: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly reference: Readonly<Record<string, number>> | undefined;
  readonly tolerance: number;
}

async function measure({
  what,
  command,
  environment,
  rounds,
  reference,
  tolerance,
}: Measurement): Promise<ProofRow & { losses?: Readonly<Record<string, number>> }> {
  let contender: Contender | undefined;
  try {
    const began = performance.now();
    contender = await startContender(what, command, environment);
    const { losses } = await contender.step();
    const first = (performance.now() - began) / 1000;
    const times: number[] = [];
    for (let i = 0; i < rounds; i++) times.push((await contender.step()).milliseconds);
    const memory = deviceMemory(contender.pid) ?? contender.memory();
    return {
      ...{ what, first, milliseconds: median(times), losses },
      ...(memory !== undefined && { memory }),
      ...(reference && { difference: furthest(losses, reference), tolerance }),
    };
  } catch (error) {
    return { what, failure: (error as Error).message.slice(0, 200) };
  } finally {
    contender?.close();
  }
}

/** Largest difference of a loss, relative to the expected one or to 0.001; other metrics are no losses. */
function furthest(
  losses: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): number {
  const differences = ['loss', ...lossTerms].map(
    (term) => Math.abs(losses[term]! - expected[term]!) / Math.max(1e-3, Math.abs(expected[term]!)),
  );
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}

/** MiB of GPU memory that a process holds; undefined where the driver does not tell. */
function deviceMemory(pid: number): number | undefined {
  const query = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const own = stdout.split('\n').find((line) => Number(line.split(',')[0]) === pid);
  const memory = Number(own?.split(',')[1]);
  return Number.isFinite(memory) ? memory : undefined;
}

function gpus(): number {
  try {
    return execFileSync('nvidia-smi', ['-L'], { encoding: 'utf8' }).trim().split('\n').length;
  } catch {
    return 0;
  }
}

/** Whether every line that has losses has the right ones, and none failed but for what is not there. */
export function isProven(rows: readonly ProofRow[]): boolean {
  const needed = rows.filter(({ what }) => !what.startsWith('PyTorch') && what !== 'two processes at once');
  return needed.every(
    ({ failure, difference, tolerance }) =>
      failure === undefined && (difference === undefined || difference <= tolerance!),
  );
}

/** The table. */
export function formatProof(rows: readonly ProofRow[], title = ''): string {
  const width = Math.max(30, ...rows.map(({ what }) => what.length));
  const cells = (...texts: string[]): string =>
    texts.map((text, i) => text.padStart([9, 9, 12, 12][i]!)).join('');
  const lines = rows.map(({ what, failure, difference, tolerance, first, milliseconds, memory }) => {
    if (failure !== undefined) return `${what.padEnd(width)}  ${failure}`;
    const isOff = difference !== undefined && !(difference <= tolerance!);
    return `${what.padEnd(width)}${cells(
      difference === undefined ? '–' : `${difference.toExponential(1)}${isOff ? ' OFF' : ''}`,
      `${first!.toFixed(1)} s`,
      `${milliseconds!.toFixed(1)} ms`,
      memory === undefined ? '–' : `${memory.toFixed(0)} MiB`,
    )}`;
  });
  return [
    ...(title ? [title] : []),
    `${''.padEnd(width)}${cells('losses', 'first', 'iteration', 'memory')}`,
    ...lines,
  ].join('\n');
}

/** What the table is headed by. */
export function proofTitle({ backbone, crop, batch, device }: ProveOptions): string {
  const { status, stdout } = spawnSync(
    'nvidia-smi',
    ['--query-gpu=name,driver_version', '--format=csv,noheader'],
    {
      encoding: 'utf8',
    },
  );
  const gpu = status === 0 ? stdout.trim().split('\n')[0]! : 'no GPU';
  const machine = device === 'gpu' ? gpu : (cpus()[0]?.model ?? 'unknown processor');
  return `${backbone}, ${crop} × ${crop}, batch ${batch}, all terms; ${machine}, ${availableParallelism()} cores`;
}
