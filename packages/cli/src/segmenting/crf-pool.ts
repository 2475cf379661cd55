import { tocoSegmentationCrf } from '@toco/crf';
import { taskPool } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime/crf';
import type { Crf } from '@toco/segmenter';
import { crfWork } from './crf-work.js';

/** A dense CRF that a pool of threads computes, an image a thread. */
export interface CrfPool {
  readonly crf: Crf;
  /** How many are worth starting at once: one a thread, and one that waits. More would only take memory. */
  readonly atOnce: number;
  close(): Promise<void>;
}

/**
 * A pool of `threads` threads (0: the calling one) that compute dense CRFs beside the network's passes: in C++ where that is
 * installed, else in WebAssembly, which is told.
 */
export function crfPool(threads: number, print: (line: string) => void): CrfPool {
  const native = hasNativeCrf(print);
  const pool = taskPool(crfWork, threads, { background: true }); // the network comes first: it feeds them
  return {
    crf: (image, probabilities, options) =>
      pool.run({ image, probabilities, options, native }, [probabilities.buffer as ArrayBuffer]),
    atOnce: threads + 1,
    close: () => pool.close(),
  };
}

function hasNativeCrf(print: (line: string) => void): boolean {
  const options = { height: 1, width: 1, classes: 2, ...tocoSegmentationCrf, iterations: 1 };
  try {
    nativeDenseCrf(new Uint8Array(3), new Float32Array(2), options);
    return true;
  } catch (error) {
    print(`${(error as Error).message.replace(/:.*/s, '')}: the CRF runs in WebAssembly, which is slower.`);
    return false;
  }
}
