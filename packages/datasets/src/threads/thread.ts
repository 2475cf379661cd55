import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '@toco/files/user-error';
import { transferableBuffers } from './transferable.js';

/** What a thread answers to a task. */
export type ThreadAnswer = { readonly result: unknown } | { readonly failure: ThreadFailure };

/** An error on its way to another thread, which would lose its class. */
export interface ThreadFailure {
  readonly message: string;
  readonly stack: string | undefined;
  /** Whether it was a `UserError`. */
  readonly mendable: boolean;
}

/** Steps of priority that a thread in the background stands behind the others. */
const backgroundSteps = 5;

const port = parentPort;
if (port === null) throw new Error('this module runs in a worker thread');
const { module, name, background } = workerData as { module: string; name: string; background: boolean };
const run = ((await import(module)) as Record<string, (task: unknown) => unknown>)[name]!;
// Linux gives it to the thread that asks, not to its process: a third of what a thread of the usual priority gets. At the lowest
// one, other programs would leave it nothing. Code is loaded before, so that nobody waits long for the first task.
if (background && process.platform === 'linux')
  setPriority(0, Math.min(getPriority(0) + backgroundSteps, 19));

async function answer(task: unknown): Promise<ThreadAnswer> {
  try {
    return { result: await run(task) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { failure: { message, stack, mendable: error instanceof UserError } };
  }
}

// One task at a time; `null` says that there will be no more, and the thread ends.
port.on('message', (task: unknown) => {
  if (task === null) {
    port.close();
    return;
  }
  void answer(task).then((reply) => {
    port.postMessage(reply, transferableBuffers(reply));
  });
});
