import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freeAddresses } from '@toco/testing';

/** How a process ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a cluster, and what becomes of it. */
export interface Member {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once it has printed such a line. */
  printed(line: string): Promise<void>;
}

/** What every program begins with: the engine on one thread, `cluster`, `compile`, `allReduce` and `sleep`. */
const preamble = `
  import * as tf from '@tensorflow/tfjs-core';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { allReduce, compile, compileFunction, fused } from '@toco/graph';
  import { initBackend } from '@toco/runtime';
  const cluster = JSON.parse(process.env.CLUSTER);
  const { rank } = cluster;
  await initBackend({ backend: 'tensorflow', device: 'cpu', threads: 1, print: () => {} });
`;

const started = new Set<ChildProcess>();

/** Ends what a test that failed has left running. */
export function endStarted(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** Starts a program as every rank of a cluster; each process is ended where it hangs. */
export async function startCluster(count: number, program: string, options = {}): Promise<Member[]> {
  const addresses = await freeAddresses(count);
  return addresses.map((_, rank) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', preamble + program], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        CLUSTER: JSON.stringify({ addresses, rank, ...options }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 200_000,
      killSignal: 'SIGKILL',
    });
    started.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => {
        resolve({ status, stdout, stderr });
      });
    });
    const printed = (line: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(line)) resolve();
        };
        look();
        child.stdout.on('data', look);
        void ended.then(() => {
          reject(new Error(`ended without "${line}": ${stdout}${stderr}`));
        });
      });
    return { child, ended, printed };
  });
}

/** Runs a program as every rank; what each printed. @throws where one fails */
export async function runCluster(count: number, program: string, options = {}): Promise<string[]> {
  const members = await startCluster(count, program, options);
  const ends = await Promise.all(members.map(({ ended }) => ended));
  ends.forEach(({ status, stdout, stderr }, rank) => {
    if (status !== 0) throw new Error(`rank ${rank} ended with ${status}:\n${stdout}${stderr.slice(-3000)}`);
  });
  return ends.map(({ stdout }) => stdout.trim());
}
