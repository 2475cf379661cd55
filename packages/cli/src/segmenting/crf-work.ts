import { denseCrf, type DenseCrfOptions } from '@toco/crf';
import { threadWork } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime/crf';

/** A CRF that is still to be computed: plain data for a thread. */
export interface CrfTask {
  readonly image: Uint8Array | Uint8ClampedArray;
  readonly probabilities: Float32Array;
  readonly options: DenseCrfOptions;
  readonly native: boolean;
}

/** Computes it. */
export function runCrf({ image, probabilities, options, native }: CrfTask): Float32Array {
  return native ? nativeDenseCrf(image, probabilities, options) : denseCrf(image, probabilities, options);
}

/** The work of a pool's threads; nothing here loads TensorFlow. */
export const crfWork = threadWork(import.meta.url, runCrf);
