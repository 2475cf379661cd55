import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Precision } from '@toco/graph';
import type { Cluster } from '@toco/runtime';

/** How our side computes, where it does not on the processor, without XLA and the whole batch. */
export interface OurOptions {
  readonly device?: 'cpu' | 'gpu';
  readonly tf32?: boolean;
  /** The step compiled as a whole. */
  readonly xla?: boolean;
  /** Which of `count` equal parts of the batch. */
  readonly share?: { readonly index: number; readonly count: number };
  /** Who computes the other parts: gradients and losses are then the means of all. */
  readonly cluster?: Cluster;
}

/** What a side of the benchmark can be asked for. */
export type Request =
  | { readonly command: 'step' }
  | { readonly command: 'reduce' }
  | { readonly command: 'predict'; readonly crf: boolean }
  | { readonly command: 'peak'; readonly size: number; readonly precision: Precision };

/** What it answers; first of all, unasked, its version and threads. */
export type Answer = Greeting | StepTime | PredictTime | ReduceTime | { readonly gflops: number };

/** What a side says when it is ready. */
export interface Greeting {
  readonly version: string;
  readonly threads: number;
}

/** How long something took. */
export interface Times {
  readonly milliseconds: number;
  /** Time on processors, all threads together: says something on a busy machine too. */
  readonly processorMilliseconds: number;
}

/** All images of a prediction. */
export interface PredictTime extends Times {
  /** A file with the labels of all images, a byte each, one after the other. */
  readonly labels: string;
}

/** One iteration. */
export interface StepTime extends Times {
  readonly losses: Readonly<Record<string, number>>;
}

/** The reduction of all gradients, with nothing else to do. */
export interface ReduceTime extends Times {
  /** Of the gradients. */
  readonly bytes: number;
}

/** One side of the benchmark: a process of its own that works when asked and else sleeps. */
export interface Contender extends Greeting {
  readonly name: string;
  readonly pid: number;
  step(): Promise<StepTime>;
  /** The reduction alone; all processes of a cluster must be asked. */
  reduce(): Promise<ReduceTime>;
  /** All images once, without or with the CRF. */
  predict(crf: boolean): Promise<PredictTime>;
  /** GFLOP/s of square matrix products. */
  peak(size: number, precision: Precision): Promise<number>;
  /** Most memory that the process ever held, in MiB; undefined where the system does not tell. */
  memory(): number | undefined;
  close(): void;
}

/**
 * Starts a side and waits until it is ready.
 *
 * @throws one line where it ends instead of answering
 */
export async function startContender(
  name: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Contender> {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let complaints = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const last = complaints.trim().split('\n').at(-1) ?? '';
      reject(new Error(`${name} ended with status ${code}: ${last || 'it said nothing'}`));
    });
  });
  failed.catch(() => undefined); // heard of when it is next asked
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const line = await Promise.race([lines.next(), failed]);
    return line.done ? failed : (JSON.parse(line.value) as T);
  };
  const ask = async <T>(request: Request): Promise<T> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer<T>();
  };
  const greeting = await answer<Greeting>();
  return {
    name,
    ...greeting,
    pid: child.pid!,
    step: () => ask<StepTime>({ command: 'step' }),
    reduce: () => ask<ReduceTime>({ command: 'reduce' }),
    predict: (crf) => ask<PredictTime>({ command: 'predict', crf }),
    peak: async (size, precision) =>
      (await ask<{ gflops: number }>({ command: 'peak', size, precision })).gflops,
    memory: () => peakMemory(child.pid!),
    close: () => {
      child.stdin.end();
    },
  };
}

/** Peak of the resident memory (VmHWM) of a process in MiB; Linux only. */
function peakMemory(pid: number): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
