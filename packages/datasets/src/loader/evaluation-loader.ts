import type { SampleList } from '../dataset/dataset.js';
import type { EvaluationOptions, EvaluationSample } from './evaluation-sample.js';
import { orderedLoader, type Loader } from './loader.js';
import { loaderWork, type EvaluationResult, type EvaluationTask } from './task.js';
import { taskPool } from '../threads/task-pool.js';
import { UserError } from '@toco/files';

/** Options of {@link evaluationLoader}. */
export interface EvaluationLoaderOptions extends EvaluationOptions {
  /** Which images, in this order; all of the list by default. */
  readonly indices?: readonly number[] | undefined;
  /** Threads that decode; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  /** Images that are read ahead of the one in use. */
  readonly prefetch?: number | undefined;
  /** Told of an image that can't be used, or whose mask can't, which is passed over; without it such an image ends the loader. */
  readonly onUnreadable?: ((problem: { readonly id: string; readonly message: string }) => void) | undefined;
}

/**
 * Images and masks of a list, in order, read ahead in worker threads.
 *
 * @throws While iterating: one line that names the file that could not be used, unless `onUnreadable` takes it; the threads are ended then.
 *
 * @example
 * const list = await voc('VOCdevkit/VOC2012').list('val');
 * for await (const { id, image, mask } of evaluationLoader(list, { size: 448 })) console.log(id, mask);
 */
export function evaluationLoader(
  list: SampleList,
  options: EvaluationLoaderOptions = {},
): Loader<EvaluationSample> {
  const { indices, workers = 1, prefetch = 4 * workers, onUnreadable, ...sampleOptions } = options;

  function* tasks(): Generator<EvaluationTask> {
    for (const index of indices ?? Array(list.length).keys()) {
      yield { kind: 'evaluation', sample: list.sample(index), options: sampleOptions };
    }
  }

  const pool = taskPool(loaderWork, workers);
  const work = {
    run: (task: EvaluationTask) => pool.run(task) as Promise<EvaluationResult>,
    finish(result: EvaluationResult) {
      if ('sample' in result) return result.sample;
      if (onUnreadable === undefined) throw new UserError(result.unreadable.message);
      onUnreadable(result.unreadable);
      return undefined;
    },
    close: () => pool.close(),
  };
  return orderedLoader(tasks(), work, workers === 0 ? 0 : prefetch);
}
