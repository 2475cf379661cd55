import { availableParallelism } from 'node:os';
import type { Config } from '../config/config.js';

/** Threads of a loader, and batches that they make ahead. */
export interface LoaderThreads {
  readonly workers: number;
  readonly prefetch: number;
}

/** More threads than this feed any step, and each holds a batch. */
const mostWorkers = 16;

/** Batches beyond those in the threads: the one in use, and one that is ready. */
const spare = 2;

/**
 * What `auto` in a configuration means on this machine: a thread for each core but the one that the loop keeps, 1 to 16, and a
 * batch for each of them to work at.
 *
 * @param cores default: those that this process may use
 */
export function loaderThreads(
  { workers: asked, prefetch }: Pick<Config['data'], 'workers' | 'prefetch'>,
  cores = availableParallelism(),
): LoaderThreads {
  const workers = asked === 'auto' ? Math.min(mostWorkers, Math.max(1, cores - 1)) : asked;
  return { workers, prefetch: prefetch === 'auto' ? workers + spare : prefetch };
}
