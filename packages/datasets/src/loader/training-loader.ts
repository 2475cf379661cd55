import { batchSchedule } from './batch-schedule.js';
import type { SampleList } from '../dataset/dataset.js';
import { printable, UserError } from '@toco/files';
import { defaultViewOptions, type ViewOptions } from '../views/view-options.js';
import type { ViewLatticeOptions } from '@toco/crf';
import type { Enrichment } from './enrichment.js';
import { orderedLoader, type Loader } from './loader.js';
import { runWithSubstitutes, type UnreadableSample } from './substitution.js';
import { taskPool } from '../threads/task-pool.js';
import { loaderWork } from './task.js';
import { inSharedMemory, type UsedBatch } from './used-batch.js';
import type { TrainingBatch, TrainingTask } from './training-batch.js';
import { unreadableImages } from './unreadable-images.js';

/** Options of {@link trainingLoader}. */
export interface TrainingLoaderOptions {
  readonly batchSize: number;
  /** Decides the order of the images, their views and their crop noise. */
  readonly seed: number;
  /** Which of `count` equal parts of every batch is made, of those that lie one after the other; default: all of it. */
  readonly share?: { readonly index: number; readonly count: number } | undefined;
  readonly views?: ViewOptions | undefined;
  /** First iteration, counted over all epochs: a resumed run goes on where it stopped. */
  readonly startIteration?: number | undefined;
  /** Iteration to stop before; endless by default. */
  readonly endIteration?: number | undefined;
  /** Threads that decode and augment; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  /** Batches that are made ahead of the one in use. */
  readonly prefetch?: number | undefined;
  /** Something more to compute for every sample, in the worker thread. */
  readonly enrichment?: Enrichment | undefined;
  /** Builds the lattice of each main view at half size, which the regularization term filters with, in the loader's threads. */
  readonly lattice?: ViewLatticeOptions | undefined;
  /** Images that can't be read end the iteration when they are more than this, and more than {@link maxUnreadableShare}. */
  readonly maxUnreadable?: number | undefined;
  /** Share of the list, 0 … 1. */
  readonly maxUnreadableShare?: number | undefined;
  /** Told of every image that can't be read, once; by default a line on the error stream. */
  readonly onUnreadable?: ((sample: UnreadableSample) => void) | undefined;
}

/** Batches of training. */
export interface TrainingLoader<Enriched = unknown> extends Loader<TrainingBatch<Enriched>> {
  /** Images that could not be read so far, each once. */
  unreadable(): readonly UnreadableSample[];
  /**
   * Says that nobody reads a batch's arrays any longer: a later batch is written into them, or into shared memory of their size. A batch
   * at 448 with four images is 45 MB, which otherwise are garbage at every iteration, collected while the step waits. May be left out.
   */
  giveBack(batch: TrainingBatch<Enriched>): void;
}

/**
 * The batches of a training run, decoded and augmented ahead in worker threads. The batch of an iteration depends on seed
 * and iteration alone, whatever the number of threads. In the place of an image that can't be read comes another, which depends on
 * seed, epoch and place alone.
 *
 * @throws While iterating: one line when more than `maxUnreadable` (10) and more than `maxUnreadableShare` (1 %) of the images
 * can't be read; the threads are ended then.
 *
 * @example
 * const list = await voc('VOCdevkit/VOC2012').list('train_aug');
 * const loader = trainingLoader<undefined>(list, { batchSize: 4, seed: 0, endIteration: 20_000 });
 * for await (const batch of loader) console.log(batch.iteration, batch.ids);
 */
export function trainingLoader<Enriched = unknown>(
  list: SampleList,
  options: TrainingLoaderOptions,
): TrainingLoader<Enriched> {
  const {
    batchSize,
    seed,
    startIteration = 0,
    endIteration = Infinity,
    workers = 1,
    enrichment,
    lattice,
  } = options;
  const { views = defaultViewOptions, prefetch = 2 * workers, share = { index: 0, count: 1 } } = options;
  const { maxUnreadable = 10, maxUnreadableShare = 0.01, onUnreadable = tellUnreadable } = options;
  const limits = { images: maxUnreadable, share: maxUnreadableShare };
  const bad = unreadableImages(list.length, limits, onUnreadable);
  const schedule = batchSchedule({ length: list.length, batchSize, seed });
  const size = batchSize / share.count;
  if (!Number.isInteger(size))
    throw new UserError(
      `batchSize ${batchSize} has no ${share.count} equal parts; choose a multiple of ${share.count}.`,
    );

  const used: UsedBatch[] = [];
  const givenBack = new WeakSet<TrainingBatch>();

  function* tasks(): Generator<TrainingTask> {
    for (let iteration = startIteration; iteration < endIteration; iteration++) {
      const { epoch, indices } = schedule.at(iteration);
      const own = indices.subarray(share.index * size, (share.index + 1) * size);
      const samples = Array.from(own, (index) => ({
        sample: list.sample(index),
        key: { seed, epoch, index },
      }));
      yield {
        ...{ kind: 'training', iteration, epoch, samples, views, enrichment, lattice },
        masks: list.trainingMasks,
        used: used.pop(),
      };
    }
  }

  const pool = taskPool(loaderWork, workers);
  const run = (task: TrainingTask): ReturnType<typeof runWithSubstitutes> =>
    runWithSubstitutes(task, list, pool);
  // Counted when a batch's turn comes, not when a thread is done: so a run ends at the same iteration every time.
  const finish = ({ batch, unreadable }: Awaited<ReturnType<typeof run>>): TrainingBatch<Enriched> => {
    bad.add(unreadable);
    return batch as TrainingBatch<Enriched>;
  };
  const loader = orderedLoader(
    tasks(),
    { run, finish, close: () => pool.close() },
    workers === 0 ? 0 : prefetch,
  );
  return {
    ...loader,
    [Symbol.asyncIterator]: () => loader,
    unreadable: () => bad.found,
    giveBack(batch) {
      if (givenBack.has(batch)) return;
      givenBack.add(batch);
      used.push(workers === 0 ? batch : inSharedMemory(batch));
    },
  };
}

function tellUnreadable({ message }: UnreadableSample): void {
  process.stderr.write(`${printable(message)}; another image takes its place.\n`);
}
