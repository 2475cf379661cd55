import type { LatticeArrays } from '@toco/crf';
import type { TrainingArrays } from './training-sample.js';

/** What of a batch is worth using again: its large arrays. */
export interface UsedBatch extends TrainingArrays {
  readonly lattice: Pick<LatticeArrays, 'offsets' | 'weights' | 'neighbors'> | undefined;
}

/**
 * A batch's large arrays, or new ones of their sizes, in memory that threads share. The garbage collector does not count it: every
 * 45 MB of other arrays that come from a thread, or go there, make it look through the whole heap.
 */
export function inSharedMemory({
  images,
  globalView,
  localSource,
  cropNoise,
  lattice,
}: UsedBatch): UsedBatch {
  return {
    images: floats(images),
    globalView: floats(globalView),
    localSource: floats(localSource),
    cropNoise: floats(cropNoise),
    lattice: lattice && {
      offsets: integers(lattice.offsets),
      weights: floats(lattice.weights),
      neighbors: integers(lattice.neighbors),
    },
  };
}

function floats(array: Float32Array): Float32Array {
  return isShared(array) ? array : new Float32Array(new SharedArrayBuffer(array.byteLength));
}

function integers(array: Int32Array): Int32Array {
  return isShared(array) ? array : new Int32Array(new SharedArrayBuffer(array.byteLength));
}

function isShared({ buffer }: Float32Array | Int32Array): boolean {
  return buffer instanceof SharedArrayBuffer;
}
