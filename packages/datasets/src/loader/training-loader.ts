import { batchSchedule } from '../batch-schedule.js';
import type { SampleList } from '../dataset.js';
import { defaultViewOptions, type ViewOptions } from '../views/view-options.js';
import type { Enrichment } from './enrichment.js';
import { orderedLoader, type Loader } from './loader.js';
import { taskPool } from '../threads/task-pool.js';
import { loaderWork } from './task.js';
import type { TrainingBatch, TrainingTask } from './training-batch.js';

/** Options of {@link trainingLoader}. */
export interface TrainingLoaderOptions {
  readonly batchSize: number;
  /** Decides the order of the images, their views and their crop noise. */
  readonly seed: number;
  readonly views?: ViewOptions;
  /** First iteration, counted over all epochs: a resumed run goes on where it stopped. */
  readonly startIteration?: number;
  /** Iteration to stop before; endless by default. */
  readonly endIteration?: number;
  /** Threads that decode and augment; 0 does so in the calling thread. */
  readonly workers?: number;
  /** Batches that are made ahead of the one in use. */
  readonly prefetch?: number;
  /** Something more to compute for every sample, in the worker thread. */
  readonly enrichment?: Enrichment;
}

/**
 * The batches of a training run, decoded and augmented ahead in worker threads. The batch of an iteration depends on seed
 * and iteration alone, whatever the number of threads.
 *
 * @throws While iterating: one line that names the image that could not be read; the threads are ended then.
 *
 * @example
 * const list = await voc('VOCdevkit/VOC2012').list('train_aug');
 * const loader = trainingLoader<undefined>(list, { batchSize: 4, seed: 0, endIteration: 20_000 });
 * for await (const batch of loader) console.log(batch.iteration, batch.ids);
 */
export function trainingLoader<Enriched = unknown>(
  list: SampleList,
  options: TrainingLoaderOptions,
): Loader<TrainingBatch<Enriched>> {
  const { batchSize, seed, startIteration = 0, endIteration = Infinity, workers = 1, enrichment } = options;
  const { views = defaultViewOptions, prefetch = 2 * workers } = options;
  const schedule = batchSchedule({ length: list.length, batchSize, seed });

  function* tasks(): Generator<TrainingTask> {
    for (let iteration = startIteration; iteration < endIteration; iteration++) {
      const { epoch, indices } = schedule.at(iteration);
      const samples = Array.from(indices, (index) => ({
        sample: list.sample(index),
        key: { seed, epoch, index },
      }));
      yield { kind: 'training', iteration, epoch, samples, views, enrichment };
    }
  }

  return orderedLoader(tasks(), taskPool(loaderWork, workers), workers === 0 ? 0 : prefetch);
}
