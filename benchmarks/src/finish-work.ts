import { threadWork } from '@toco/datasets';
import { nativeDenseCrf } from '@toco/runtime/crf';
import { finishImage, type Finished, type FinishTask } from '@toco/segmenter/finish';

/** What is left of an image after its passes, with the native CRF. */
export function runFinishTask(task: FinishTask): Promise<Finished> {
  return finishImage(task, { crf: nativeDenseCrf });
}

/** For a pool of threads; nothing here loads TensorFlow. */
export const finishWork = threadWork(import.meta.url, runFinishTask);
