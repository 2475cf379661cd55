import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism, constants } from 'node:os';
import { createInterface } from 'node:readline';
import { counted, printLine, UserError } from '@toco/files';
import { clusterOfEnvironment, devicesOf, freeAddresses, nvidiaIds } from '@toco/runtime';

/** As many processes may be tried on a host with fewer cores. */
const leastMost = 16;

/** Milliseconds that the others have to end by themselves after one has failed. */
const patience = 180_000;

/**
 * Runs a command of toco in so many processes that train together. Each gets a GPU of its own (of `CUDA_VISIBLE_DEVICES`, else by
 * number), and its part of the cores unless `TF_NUM_INTRAOP_THREADS` says otherwise. What rank 0 prints comes as it is, lines of others
 * with their rank before them.
 *
 * @returns the exit code: of the first process that failed, else 0
 */
export async function launch(command: readonly string[], processes: number): Promise<number> {
  if (process.env['TF_CONFIG'] !== undefined)
    throw new UserError(
      'TF_CONFIG is set: where something else starts the processes, run "toco train" in each; toco launch is for one host.',
    );
  const told = clusterOfEnvironment(process.env);
  if (told)
    throw new UserError(
      `Slurm runs this in ${told.addresses.length} tasks: run "toco train" in each; toco launch is for one task.`,
    );
  if (command[0] !== 'train')
    throw new UserError(
      `toco launch ${command[0]}: processes train together, so the command is train; evaluate, predict and label are parted by --shard.`,
    );
  const most = Math.max(leastMost, availableParallelism());
  if (processes > most)
    throw new UserError(
      `--processes ${processes}: this host has ${counted(availableParallelism(), 'core')}; start ${most} at the most.`,
    );
  const gpus = gpusOf(process.env['CUDA_VISIBLE_DEVICES'], processes, (await nvidiaIds()).length);
  const worker = await freeAddresses(processes);
  const children = worker.map((_, rank) => start(command, { worker, rank, gpu: gpus[rank]! }));
  const forward = (signal: NodeJS.Signals): void => {
    for (const child of children) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
  let failed: number | undefined;
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve, reject) => {
          child.once('error', reject).once('close', (code, signal) => {
            if (code !== 0 && failed === undefined) {
              failed = code ?? (signal === null ? 1 : 128 + constants.signals[signal]);
              setTimeout(() => {
                printLine(`Processes that did not end ${patience / 1000} s after one had failed are killed.`);
                forward('SIGKILL');
              }, patience).unref();
            }
            resolve();
          });
        }),
    ),
  );
  return failed ?? 0;
}

/**
 * What each process gets as its `CUDA_VISIBLE_DEVICES`: its own of those that are named, by number where nothing is said, none where
 * none is named.
 *
 * @param found how many GPUs the host has, 0 where none is known of
 * @throws one line where there are fewer than processes: some would train on the processor, and all wait for them
 */
export function gpusOf(visible: string | undefined, processes: number, found: number): string[] {
  const each = Array.from({ length: processes }, (_, rank) => String(rank));
  if (visible === undefined) {
    if (found > 0 && found < processes)
      throw new UserError(
        `This host has ${counted(found, 'GPU')}, and --processes is ${processes}: start as many processes as GPUs, or set CUDA_VISIBLE_DEVICES=-1 to train on the processor.`,
      );
    return each;
  }
  const named = devicesOf(visible);
  if (named.length === 0) return each.map(() => '-1');
  if (named.length < processes)
    throw new UserError(
      `CUDA_VISIBLE_DEVICES=${visible} names ${counted(named.length, 'device')}, and --processes is ${processes}: name one for each process, or none (CUDA_VISIBLE_DEVICES=-1) to train on the processor.`,
    );
  return named.slice(0, processes);
}

/** Lets this process stop, as by SIGTERM, where it was started by {@link launch} and that is gone: nobody else would tell it to. */
export function endWithLauncher(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Waiting for that is no reason to stay.
  process.channel?.unref();
}

function start(
  command: readonly string[],
  { worker, rank, gpu }: { readonly worker: readonly string[]; readonly rank: number; readonly gpu: string },
): ChildProcess {
  const threads = Math.max(1, Math.floor(availableParallelism() / worker.length));
  const child = spawn(process.execPath, [process.argv[1]!, ...command], {
    env: {
      TF_NUM_INTRAOP_THREADS: String(threads),
      ...process.env,
      CUDA_VISIBLE_DEVICES: gpu,
      TF_CONFIG: JSON.stringify({ cluster: { worker }, task: { type: 'worker', index: rank } }),
    },
    // The channel tells it when this process is gone: see `endWithLauncher`.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C reaches it once, from here.
    detached: true,
  });
  for (const name of ['stdout', 'stderr'] as const) {
    const target = process[name];
    if (rank === 0) child[name]!.pipe(target, { end: false });
    else
      createInterface({ input: child[name]! }).on('line', (line) => {
        target.write(`[rank ${rank}] ${line}\n`);
      });
  }
  return child;
}
