import type { PoolOptions, TaskPool, ThreadWork } from './thread-work.js';
import { threadPool } from './thread-pool.js';

/** A pool of `workers` threads, or of none: then tasks run in the calling thread. */
export function taskPool<Task, Result>(
  work: ThreadWork<Task, Result>,
  workers: number,
  options?: PoolOptions,
): TaskPool<Task, Result> {
  if (!Number.isInteger(workers) || workers < 0) {
    throw new Error(`workers must be a whole number of threads, 0 or more, not ${workers}`);
  }
  if (workers > 0) return threadPool(work, workers, options);
  return {
    async run(task) {
      return work.run(task);
    },
    close: () => Promise.resolve(),
  };
}
