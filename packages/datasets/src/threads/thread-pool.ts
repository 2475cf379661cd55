import { Worker } from 'node:worker_threads';
import type { PoolOptions, TaskPool } from './thread-work.js';
import type { ThreadWork } from './thread-work.js';
import { builtModule } from './thread-work.js';
import type { ThreadAnswer, ThreadFailure } from './thread.js';
import { UserError } from '@toco/files/user-error';

/** Milliseconds that a thread has for its last task before it is ended. */
const GRACE = 5000;

interface Job<Task, Result> {
  readonly task: Task;
  readonly handOver: readonly ArrayBuffer[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

interface Thread<Task, Result> {
  readonly worker: Worker;
  readonly exited: Promise<void>;
  job: Job<Task, Result> | undefined;
}

const threadUrl = new URL('thread.js', builtModule(import.meta.url));

// Node refuses files in a thread that was told how to read a program from the command line.
const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--input-type'));

/**
 * A pool of worker threads, each with one task at a time; idle threads do not keep the process alive.
 */
export function threadPool<Task, Result>(
  { module, name }: ThreadWork<Task, Result>,
  count: number,
  { background = false }: PoolOptions = {},
): TaskPool<Task, Result> {
  const queue: Job<Task, Result>[] = [];
  let closed: Promise<void> | undefined;
  let broken: Error | undefined;

  const threads = Array.from({ length: count }, () => {
    const worker = new Worker(threadUrl, { execArgv, workerData: { module, name, background } });
    const thread: Thread<Task, Result> = {
      worker,
      exited: new Promise((resolve) => worker.once('exit', () => resolve())),
      job: undefined,
    };
    worker.on('message', (answer: ThreadAnswer) => {
      const job = thread.job!;
      thread.job = undefined;
      if ('result' in answer) job.resolve(answer.result as Result);
      else job.reject(errorOf(answer.failure));
      dispatch();
    });
    worker.on('error', (error) =>
      fail(new Error(`a worker thread failed: ${error.message}`, { cause: error })),
    );
    worker.on('exit', () => {
      if (closed === undefined) fail(new Error('a worker thread ended unexpectedly'));
    });
    worker.unref();
    return thread;
  });

  function fail(error: Error): void {
    broken ??= error;
    for (const job of queue.splice(0)) job.reject(broken);
    for (const thread of threads) {
      thread.job?.reject(broken);
      thread.job = undefined;
    }
  }

  function dispatch(): void {
    for (const thread of threads) {
      if (thread.job === undefined && queue.length > 0 && broken === undefined) {
        thread.job = queue.shift()!;
        thread.worker.ref();
        thread.worker.postMessage(thread.job.task, thread.job.handOver);
      } else if (thread.job === undefined) thread.worker.unref();
    }
  }

  async function end(thread: Thread<Task, Result>): Promise<void> {
    thread.worker.ref();
    thread.worker.postMessage(null);
    const timer = setTimeout(() => void thread.worker.terminate(), GRACE);
    await thread.exited;
    clearTimeout(timer);
  }

  return {
    run(task, handOver = []) {
      if (broken !== undefined) return Promise.reject(broken);
      return new Promise((resolve, reject) => {
        queue.push({ task, handOver, resolve, reject });
        dispatch();
      });
    },
    close() {
      closed ??= Promise.all(threads.map(end)).then(() => {
        fail(new Error('the threads are closed'));
      });
      for (const job of queue.splice(0)) job.reject(new Error('the threads are closed'));
      return closed;
    },
  };
}

function errorOf({ message, stack, mendable }: ThreadFailure): Error {
  return Object.assign(mendable ? new UserError(message) : new Error(message), stack && { stack });
}
