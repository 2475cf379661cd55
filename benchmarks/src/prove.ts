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

/** The step of COCO differs in its number of classes and two settings: enough to see it once in each kind of precision. */
const cocoVariants = (device: 'cpu' | 'gpu'): Variant[] =>
  variantsOn(device).filter(({ options }) => !options.xla && !options.tf32);

/**
 * XLA compiles for minutes on a processor, where it is there to see that it gives the right losses: it need not make code fast. What
 * the user set goes after it.
 */
const hasty = '--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true';

/**
 * Takes the training step of VOC in every precision, with and without XLA, each in a process of its own, and compares its first losses
 * with those of float32 on the processor; then the step of COCO; two processes at once; PyTorch where it is installed. A variant that
 * fails is a line of the table, not the end.
 */
export async function prove(options: ProveOptions): Promise<ProofRow[]> {
  const rows: ProofRow[] = [];
  const add = (row: ProofRow): void => {
    rows.push(row);
    options.print(formatProof([row]).split('\n').at(-1)!.trim());
  };
  await withInputs(benchmarkConfig(options), async (inputs) => {
    const reference = await proveVariants(options, { inputs, variants: variantsOn(options.device), add });
    await proveTwo(options, { inputs, reference, add });
    await provePytorch(options, { inputs, reference, add });
  });
  await withInputs(benchmarkConfig({ ...options, recipe: 'coco' }), (inputs) =>
    proveVariants(options, { inputs, variants: cocoVariants(options.device), add, recipe: 'COCO: ' }),
  );
  return rows;
}

type Losses = Readonly<Record<string, number>>;

/** What the parts of the proof share. */
interface Part {
  readonly inputs: string;
  readonly add: (row: ProofRow) => void;
}

function ours(inputs: string, { precision, options }: Variant, threads = '-'): string[] {
  return [process.execPath, script('./ours.js'), inputs, precision, threads, JSON.stringify(options)];
}

/** Every variant; resolves to the losses that all others are compared with. */
async function proveVariants(
  { device, rounds }: ProveOptions,
  { inputs, variants, add, recipe = '' }: Part & { readonly variants: Variant[]; readonly recipe?: string },
): Promise<Losses | undefined> {
  let reference: Losses | undefined;
  const onProcessor: Variant = {
    ...{ what: 'f32 on the processor', precision: 'f32', tolerance: exact },
    options: { device: 'cpu' },
  };
  for (const variant of device === 'gpu' ? [onProcessor, ...variants] : variants) {
    const environment =
      device === 'cpu' && variant.options.xla
        ? { XLA_FLAGS: `${hasty} ${process.env['XLA_FLAGS'] ?? ''}` }
        : {};
    const row = await measure({
      ...variant,
      ...{ what: recipe + variant.what, command: ours(inputs, variant), environment, reference },
      rounds: variant === onProcessor ? 1 : rounds,
    });
    reference ??= row.losses;
    add(row);
  }
  return reference;
}

/** Two processes at once: on two GPUs where there are two, on half of the threads each without one. */
async function proveTwo(
  { device, rounds }: ProveOptions,
  { inputs, reference, add }: Part & { readonly reference: Losses | undefined },
): Promise<void> {
  const [plain] = variantsOn(device);
  const devices = device === 'gpu' ? gpus() : 2;
  if (devices >= 2) {
    const threads = String(Math.max(1, Math.floor(availableParallelism() / 2)));
    const both = [0, 1].map((which) =>
      measure({
        ...plain!,
        what: `${plain!.what}, one of two processes at once (${device === 'gpu' ? `GPU ${which}` : `${threads} threads`})`,
        command: ours(inputs, plain!, device === 'gpu' ? '-' : threads),
        environment: device === 'gpu' ? { CUDA_VISIBLE_DEVICES: String(which) } : {},
        rounds,
        reference,
      }),
    );
    for (const row of await Promise.all(both)) add(row);
  } else
    add({
      what: 'two processes at once',
      failure: devices === 1 ? 'there is one GPU' : 'nvidia-smi lists no GPU',
    });
}

async function provePytorch(
  { device, rounds, python }: ProveOptions,
  { inputs, reference, add }: Part & { readonly reference: Losses | undefined },
): Promise<void> {
  if (spawnSync(python, ['-c', 'import torch']).status !== 0) {
    add({ what: 'PyTorch', failure: `${python} has no torch` });
    return;
  }
  for (const precision of ['f32', 'bf16'] as const) {
    for (const form of ['deduplicated', 'original']) {
      const command = [python, '-B', script('../pytorch/contender.py'), '--inputs', inputs];
      command.push('--form', form, '--precision', precision);
      command.push('--device', device === 'gpu' ? 'cuda' : 'cpu');
      const what = `PyTorch, ${form}, ${precision}`;
      // Its tolerance is that of tests beside the reference; in bf16 it rounds elsewhere.
      const tolerance = precision === 'f32' ? 1e-3 : 1e-2;
      add(await measure({ what, command, rounds, reference, tolerance }));
    }
  }
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
