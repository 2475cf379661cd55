import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type CApi } from './capi.js';

// Between two releases: each takes a few milliseconds.
const interval = 1000;

let last = -Infinity;

/**
 * Gives memory that was freed back to the system, at most once a second and on a thread of its own.
 *
 * glibc keeps it otherwise: what compiling a graph, reading weights and uploading state left behind, several hundred
 * megabytes that TensorFlow's own pools cannot use.
 */
export async function releaseFreedMemory({ malloc_trim: trim }: CApi): Promise<void> {
  if (!trim || performance.now() - last < interval) return;
  await new Promise<void>((resolve) => {
    trim.async(0, () => {
      resolve();
    });
  });
  last = performance.now();
}

/**
 * Frees what JavaScript no longer uses, and gives it back. Arrays of weights and state weigh a gigabyte to the system and
 * next to nothing to the garbage collector, which would leave them where they are for many steps.
 */
export async function releaseGarbage(api: CApi): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect(); // ends the sweeping that the first one leaves to other threads
  last = -Infinity;
  await releaseFreedMemory(api);
}
