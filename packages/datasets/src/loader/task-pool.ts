import { runTask, type LoaderTask, type TaskResult } from './task.js';
import { workerPool } from './worker-pool.js';

/** Runs tasks, several at once where it has threads for them. */
export interface TaskPool {
  run(task: LoaderTask): Promise<TaskResult>;
  /** Ends after what is running; tasks that have not begun are rejected. */
  close(): Promise<void>;
}

/** A pool of `workers` threads, or of none: then tasks run in the calling thread. */
export function taskPool(workers: number): TaskPool {
  if (!Number.isInteger(workers) || workers < 0) {
    throw new Error(`workers must be a whole number of threads, 0 or more, not ${workers}`);
  }
  return workers === 0 ? { run: runTask, close: () => Promise.resolve() } : workerPool(workers);
}
