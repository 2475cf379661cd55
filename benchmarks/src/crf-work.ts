import { tocoSegmentationCrf } from '@toco/crf';
import { threadWork } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime/crf';

/** A CRF that a thread computes. */
export interface CrfTask {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  readonly image: Uint8Array;
  readonly probabilities: Float32Array;
}

/** Q of a task, by the native CRF. */
export function runCrfTask({ image, probabilities, ...sizes }: CrfTask): Float32Array {
  return nativeDenseCrf(image, probabilities, { ...sizes, ...tocoSegmentationCrf });
}

/** For a pool of threads; nothing here loads TensorFlow. */
export const crfWork = threadWork(import.meta.url, runCrfTask);
