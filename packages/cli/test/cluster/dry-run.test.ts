import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { freeAddresses } from '@toco/testing';
import { inTemporaryFolder, main, tinyBackbone, toco } from '../run-toco.js';

// The examples for clusters, run here: the variables are those that a cluster would set, all processes are real.
const example = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/cluster/${name}`, import.meta.url));

/** A short run on drawn scenes, enough of them for an evaluation to be killed in its middle. */
const config = `${readFileSync(fileURLToPath(new URL('cluster.yaml', import.meta.url)), 'utf8')
  .replace('val: 10', 'val: 60')
  .replace('iterations: 50', 'iterations: 6')}backbone: { module: ${JSON.stringify(tinyBackbone)} }\n`;

/** What srun does on one node with two tasks. */
const srun = `#!/bin/sh
export SLURM_STEP_NODELIST=localhost SLURM_STEP_TASKS_PER_NODE=2 SLURMD_NODENAME=localhost
SLURM_PROCID=1 "$@" &
first=0; second=0
SLURM_PROCID=0 "$@" || first=$?
wait $! || second=$?
exit $((first > second ? first : second))
`;

/** Writes the configuration, and the programs that a cluster would have. */
function prepare(folder: string): { readonly path: string; readonly yaml: string } {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const programs = { toco: `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, srun };
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), text, { mode: 0o755 });
  const yaml = join(folder, 'voc.yaml');
  writeFileSync(yaml, config);
  return { path: `${bin}${delimiter}${process.env['PATH']}`, yaml };
}

/** What sbatch does: it runs a copy of the script, elsewhere. */
function sbatch(folder: string, name: string): string[] {
  const copy = join(folder, 'slurm_script');
  copyFileSync(example(name), copy);
  return ['bash', copy];
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** Starts a script in a group of its own. */
function start(command: readonly string[], environment: Readonly<Record<string, string>>): Started {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '', TF_NUM_INTRAOP_THREADS: '1', ...environment },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Awaited<Started['ended']>>((resolve, reject) => {
    child.once('error', reject).once('close', (status) => {
      resolve({ status, stderr });
    });
  });
  return { child, ended };
}

/** A number of a Slurm job whose two ports are free. */
async function freeJob(): Promise<number> {
  for (let job = process.pid; ; job++) {
    const isFree = await Promise.all(
      [0, 1].map(
        (task) =>
          new Promise<boolean>((resolve) => {
            const server = createServer().once('error', () => {
              resolve(false);
            });
            server.listen(20_000 + (job % 10_000) + task, () => server.close(() => resolve(true)));
          }),
      ),
    );
    if (!isFree.includes(false)) return job;
  }
}

test('Kubernetes: the pods of the indexed job train together, by the entry script', async () => {
  await inTemporaryFolder(async (folder) => {
    const { path, yaml } = prepare(folder);
    const out = join(folder, 'run');
    const train = ['toco', 'train', '--config', yaml, '--out', out, '--resume', 'auto'];
    const pod = { PATH: path, NAME: 'toco', PROCESSES: '2', HOSTS: (await freeAddresses(2)).join(' ') };
    const pods = ['0', '1'].map((index) =>
      start(['sh', example('entry.sh'), ...train], { ...pod, JOB_COMPLETION_INDEX: index }),
    );
    const [first, second] = await Promise.all(pods.map(({ ended }) => ended));
    expect(first!.stderr).toContain('iterations 0–6, batches of 4 over 2 processes');
    expect([first!.status, second!.status]).toEqual([0, 0]);
    expect(existsSync(join(out, 'checkpoints/iteration-000006/state.json'))).toBe(true);
  });
}, 900_000);

test('Slurm: two tasks train, three of an array evaluate; one is killed and run again, and merged they are the whole', async () => {
  await inTemporaryFolder(async (folder) => {
    const { path, yaml } = prepare(folder);
    const run = join(folder, 'run');
    const job = { PATH: path, SLURM_JOB_ID: String(await freeJob()) };
    const trained = await start([...sbatch(folder, 'train.sbatch'), yaml, run], job).ended;
    expect(trained.stderr).toContain('iterations 0–6, batches of 4 over 2 processes');
    expect(trained.status).toBe(0);

    const parts = join(folder, 'parts');
    const range = { SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_MAX: '2', SLURM_ARRAY_TASK_COUNT: '3' };
    const task = (index: number): Started =>
      start([...sbatch(folder, 'shards.sbatch'), run, parts], {
        ...{ PATH: path, ...range, SLURM_ARRAY_TASK_ID: String(index) },
      });
    const written = (): string | undefined =>
      existsSync(parts) ? readdirSync(parts).find((name) => name.endsWith('1-of-3.json')) : undefined;
    const killed = task(1);
    while (written() === undefined) {
      expect(killed.child.exitCode).toBeNull();
      await sleep(5);
    }
    process.kill(-killed.child.pid!, 'SIGKILL');
    await killed.ended;
    const part = JSON.parse(readFileSync(join(parts, written()!), 'utf8')) as {
      images: number;
      counts: { images: unknown[] };
    };
    expect(part.counts.images.length).toBeLessThan(part.images);

    for (const index of [0, 1, 2]) expect(await task(index).ended).toMatchObject({ status: 0 });
    const files = readdirSync(parts).map((name) => join(parts, name));
    const merged = await toco(['evaluate', '--merge', ...files, '--json']);
    const whole = await toco(['evaluate', run, '--json', '--out', join(folder, 'whole')]);
    expect(whole).toMatchObject({ status: 0 });
    expect(merged).toMatchObject({ status: 0, stdout: whole.stdout });
  });
}, 900_000);
