import { tocoSegmentationCrf } from '@toco/crf';
import { taskPool } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime/crf';
import type { Crf, SegmenterOutput, StreamOptions } from '@toco/segmenter';
import type { Finished } from '@toco/segmenter/finish';
import { finishingWork } from './finishing-work.js';

/** Threads that make of a network's maps what was asked for: resized, fused and refined, an image a thread. */
export interface FinishingPool {
  /** For a segmenter: how it has its images finished here, CRFs included. */
  readonly segmenting: Pick<StreamOptions<SegmenterOutput>, 'finish' | 'finishedAtOnce'>;
  /** A CRF alone. */
  readonly crf: Crf;
  /** How many tasks are worth starting at once: one a thread, and one that waits. More would only take memory. */
  readonly atOnce: number;
  close(): Promise<void>;
}

/** What a pool is made for. */
export interface FinishingOptions {
  /** 0: the calling thread does it. */
  readonly threads: number;
  /** Of fewer images than threads each has one. */
  readonly images?: number | undefined;
  /** Whether dense CRFs are among it: in C++ where that is installed, else in WebAssembly, which is told. */
  readonly refines: boolean;
  readonly print: (line: string) => void;
}

/** A pool of threads beside the network's passes. */
export function finishingPool({
  threads,
  images = Infinity,
  refines,
  print,
}: FinishingOptions): FinishingPool {
  const native = refines && hasNativeCrf(print);
  const count = Math.min(threads, images);
  // The network comes first: it feeds them.
  const pool = taskPool(finishingWork, count, { background: true });
  return {
    segmenting: {
      finish: (task) => {
        const maps = task.passed.flatMap((pass) => Object.values(pass.maps));
        const buffers = new Set(maps.map(({ data }) => data.buffer as ArrayBuffer));
        return pool.run({ native, finish: task }, [...buffers]) as Promise<Finished>;
      },
      finishedAtOnce: count + 1,
    },
    crf: (image, probabilities, options) =>
      pool.run({ native, crf: { image, probabilities, options } }, [
        probabilities.buffer as ArrayBuffer,
      ]) as Promise<Float32Array>,
    atOnce: count + 1,
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
