import { parentPort } from 'node:worker_threads';
import { runTask, type LoaderTask, type TaskResult } from './task.js';
import { transferableBuffers } from './transferable.js';

/** What a worker answers to a task. */
export type WorkerAnswer =
  | { readonly result: TaskResult }
  | { readonly failure: { readonly message: string; readonly stack: string | undefined } };

const port = parentPort;
if (port === null) throw new Error('this module runs in a worker thread of the loader');

async function answer(task: LoaderTask): Promise<WorkerAnswer> {
  try {
    return { result: await runTask(task) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { failure: { message, stack } };
  }
}

// One task at a time; `null` says that there will be no more, and the thread ends.
port.on('message', (task: LoaderTask | null) => {
  if (task === null) {
    port.close();
    return;
  }
  void answer(task).then((reply) => {
    port.postMessage(reply, transferableBuffers(reply));
  });
});
