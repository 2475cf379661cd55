import { threadPool } from './thread-pool.js';
import type { ThreadWork } from './thread-work.js';

/** Runs tasks, several at once where it has threads for them. */
export interface TaskPool<Task, Result> {
  /** Buffers in `handOver` go to the thread without a copy: the caller has them no more. */
  run(task: Task, handOver?: readonly ArrayBuffer[]): Promise<Result>;
  /** Ends after what is running; tasks that have not begun are rejected. */
  close(): Promise<void>;
}

/** A pool of `workers` threads, or of none: then tasks run in the calling thread. */
export function taskPool<Task, Result>(
  work: ThreadWork<Task, Result>,
  workers: number,
): TaskPool<Task, Result> {
  if (!Number.isInteger(workers) || workers < 0) {
    throw new Error(`workers must be a whole number of threads, 0 or more, not ${workers}`);
  }
  if (workers > 0) return threadPool(work, workers);
  return {
    async run(task) {
      return work.run(task);
    },
    close: () => Promise.resolve(),
  };
}
