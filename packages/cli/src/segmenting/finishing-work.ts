import { denseCrf, type DenseCrfOptions } from '@toco/crf';
import { threadWork } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime/crf';
import type { Crf } from '@toco/segmenter';
import { finishImage, type Finished, type FinishTask } from '@toco/segmenter/finish';

/** What a thread is asked for, in plain data: an image to be finished, or a CRF alone. */
export type FinishingTask = { readonly native: boolean } & (
  | { readonly finish: FinishTask }
  | {
      readonly crf: {
        readonly image: Uint8Array | Uint8ClampedArray;
        readonly probabilities: Float32Array;
        readonly options: DenseCrfOptions;
      };
    }
);

/** Does it. */
export async function runFinishing(task: FinishingTask): Promise<Finished | Float32Array> {
  const crf: Crf = task.native ? nativeDenseCrf : denseCrf;
  if ('finish' in task) return finishImage(task.finish, { crf });
  const { image, probabilities, options } = task.crf;
  return crf(image, probabilities, options);
}

/** The work of a pool's threads; nothing here loads TensorFlow. */
export const finishingWork = threadWork(import.meta.url, runFinishing);
