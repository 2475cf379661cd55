import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { denseCrf, tocoSegmentationCrf } from '@toco/crf';
import { taskPool } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime';
import { crfInputs, type CrfInputs } from './crf-inputs.js';
import { crfWork } from './crf-work.js';
import { median } from './median.js';
import { script } from './with-inputs.js';

/** What is timed, how often, and with which Python. */
export interface CrfBenchmarkOptions {
  /** Runs of each side that count; they take turns. */
  readonly rounds: number;
  /** A Python that has pydensecrf. */
  readonly python: string;
  /** A photograph; default: a photo-like image of 333 × 500. */
  readonly image?: string | undefined;
  /** Takes lines about the progress. */
  readonly print: (line: string) => void;
}

type Form = 'native' | 'native, AVX2' | 'native, 16 bits' | 'WebAssembly';

/** Of one form and number of classes. */
export interface CrfTimes {
  /** Median processor time in milliseconds. */
  readonly milliseconds: number;
  /** Its time over that of pydensecrf. */
  readonly ratio: number;
  /** Largest difference of a Q from pydensecrf's. */
  readonly difference: number;
  /** Pixels whose labels differ. */
  readonly labels: number;
}

/** What the benchmark found. */
export interface CrfReport {
  readonly size: string;
  readonly cpu: string;
  readonly load: number;
  readonly rounds: number;
  readonly classes: Readonly<
    Record<
      number,
      {
        readonly pydensecrf: number;
        readonly forms: Readonly<Record<Form, CrfTimes>>;
        /** Images per second of the native form by number of threads, an image a thread. */
        readonly pool: Readonly<Record<number, number>>;
      }
    >
  >;
}

const forms: Readonly<Record<Form, typeof denseCrf>> = {
  native: nativeDenseCrf,
  'native, AVX2': (...args) => {
    process.env['TOCO_KERNELS'] = 'avx2';
    const q = nativeDenseCrf(...args);
    delete process.env['TOCO_KERNELS'];
    return q;
  },
  'native, 16 bits': (image, probabilities, how) =>
    nativeDenseCrf(image, probabilities, { ...how, valueBits: 16 }),
  WebAssembly: denseCrf,
};

/**
 * Times the dense CRF with 21 and 81 classes beside pydensecrf, in turns: processor time, medians.
 *
 * @throws one line where Python lacks pydensecrf or ends
 */
export async function crfBenchmark(options: CrfBenchmarkOptions): Promise<CrfReport> {
  if (spawnSync(options.python, ['-c', 'import pydensecrf.densecrf, numpy']).status !== 0)
    throw new Error(
      `${options.python} has no pydensecrf: run "python3 -m venv DIR && DIR/bin/pip install pydensecrf2 numpy" and name DIR/bin/python by --python or TOCO_BENCH_PYTHON.`,
    );
  const load = loadavg()[0]!;
  const classes: Record<number, CrfReport['classes'][number]> = {};
  let size = '';
  for (const count of [21, 81]) {
    const inputs = await crfInputs(count, options.image);
    size = `${inputs.height} × ${inputs.width}`;
    classes[count] = await inTurns(inputs, options);
  }
  return { size, cpu: cpus()[0]?.model ?? 'unknown', load, rounds: options.rounds, classes };
}

async function inTurns(
  inputs: CrfInputs,
  { rounds, python, print }: CrfBenchmarkOptions,
): Promise<CrfReport['classes'][number]> {
  const { height, width, classes, image, probabilities } = inputs;
  const folder = mkdtempSync(join(tmpdir(), 'toco-bench-'));
  try {
    writeFileSync(join(folder, 'image'), image);
    writeFileSync(join(folder, 'probabilities'), probabilities);
    const sizes = [height, width, classes].map(String);
    const theirs = await startPydensecrf(python, [folder, ...sizes, JSON.stringify(tocoSegmentationCrf)]);
    try {
      const bytes = readFileSync(join(folder, 'q'));
      const q = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      const times: Record<string, number[]> = { pydensecrf: [] };
      const found: Partial<Record<Form, Pick<CrfTimes, 'difference' | 'labels'>>> = {};
      for (let round = -1; round < rounds; round++) {
        const latest = { pydensecrf: await theirs.run() } as Record<string, number>;
        for (const [form, compute] of Object.entries(forms) as [Form, typeof denseCrf][]) {
          const start = process.cpuUsage();
          const own = compute(image, probabilities, { height, width, classes, ...tocoSegmentationCrf });
          const { user, system } = process.cpuUsage(start);
          latest[form] = (user + system) / 1000;
          found[form] ??= compare(own, q, classes);
        }
        if (round >= 0) for (const [side, time] of Object.entries(latest)) (times[side] ??= []).push(time);
        const text = Object.entries(latest).map(([side, time]) => `${side} ${Math.round(time)} ms`);
        print(`${classes} classes, ${round < 0 ? 'warming up' : `round ${round + 1}`}: ${text.join(', ')}`);
      }
      const pydensecrf = median(times['pydensecrf']!);
      const timesOf = (form: Form): CrfTimes => {
        const milliseconds = median(times[form]!);
        return { milliseconds, ratio: milliseconds / pydensecrf, ...found[form]! };
      };
      return {
        pydensecrf,
        forms: {
          native: timesOf('native'),
          'native, AVX2': timesOf('native, AVX2'),
          'native, 16 bits': timesOf('native, 16 bits'),
          WebAssembly: timesOf('WebAssembly'),
        },
        pool: { 1: await imagesPerSecond(inputs, 1), 2: await imagesPerSecond(inputs, 2) },
      };
    } finally {
      theirs.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a pool of threads does, four images each after one that warms it up. */
async function imagesPerSecond(inputs: CrfInputs, threads: number): Promise<number> {
  const pool = taskPool(crfWork, threads);
  const all = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count * threads }, () => pool.run(inputs)));
  try {
    await all(1);
    const start = performance.now();
    await all(4);
    return (4 * threads * 1000) / (performance.now() - start);
  } finally {
    await pool.close();
  }
}

async function startPydensecrf(
  python: string,
  args: readonly string[],
): Promise<{ run: () => Promise<number>; close: () => void }> {
  const child = spawn(python, [script('../pydensecrf/contender.py'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error('pydensecrf ended before it answered');
    return line.value;
  };
  await answer();
  return {
    run: async () => {
      child.stdin.write('\n');
      return Number(await answer());
    },
    close: () => void child.stdin.end(),
  };
}

function compare(
  own: Float32Array,
  q: Float32Array,
  classes: number,
): Pick<CrfTimes, 'difference' | 'labels'> {
  const label = (values: Float32Array, start: number): number => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (values[start + k]! > values[start + best]!) best = k;
    return best;
  };
  let [difference, labels] = [0, 0];
  for (let i = 0; i < q.length; i++) difference = Math.max(difference, Math.abs(own[i]! - q[i]!));
  for (let i = 0; i < q.length; i += classes) if (label(own, i) !== label(q, i)) labels++;
  return { difference, labels };
}

/** The report as text: times of the processor and their part of pydensecrf's. */
export function formatCrfReport({ size, cpu, load, rounds, classes }: CrfReport): string {
  const lines = Object.entries(classes).flatMap(([count, { pydensecrf, forms: own, pool }]) => [
    `${count} classes: pydensecrf ${Math.round(pydensecrf)} ms`,
    ...Object.entries(own).map(
      ([form, { milliseconds, ratio, difference, labels }]) =>
        `  ${form.padEnd(15)} ${String(Math.round(milliseconds)).padStart(5)} ms, ${ratio.toFixed(2)} of it; ` +
        `Q within ${difference.toExponential(1)}, ${labels} labels differ`,
    ),
    ...Object.entries(pool).map(
      ([threads, images]) =>
        `  native on ${threads} thread${threads === '1' ? '' : 's'}: ${images.toFixed(2)} images/s (wall time)`,
    ),
  ]);
  return [
    `Dense CRF of ${size} pixels, 10 iterations, one core: processor time, medians of ${rounds} in turns`,
    `${cpu}, load ${load.toFixed(1)}`,
    ...lines,
  ].join('\n');
}
