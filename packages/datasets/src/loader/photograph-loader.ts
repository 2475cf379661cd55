import type { SampleList } from '../dataset/dataset.js';
import { taskPool } from '../threads/task-pool.js';
import { type Loader, orderedLoader } from './loader.js';
import type { Photograph, PhotographOptions } from './photograph.js';
import { loaderWork, type PhotographResult, type PhotographTask } from './task.js';

/** Options of {@link photographLoader}. */
export interface PhotographLoaderOptions extends PhotographOptions {
  /** Which images, in this order; all of the list by default. */
  readonly indices?: readonly number[] | undefined;
  /** Threads that decode; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  /** Images that are read ahead of the one in use. */
  readonly prefetch?: number | undefined;
  /** Told of an image that can't be used, or whose mask can't, which is passed over. */
  readonly onUnreadable: (problem: UnreadablePhotograph) => void;
}

/** A photograph, and its place in the list. */
export interface ListedPhotograph extends Photograph {
  readonly index: number;
}

/** An image that can't be used. */
export interface UnreadablePhotograph {
  readonly index: number;
  readonly id: string;
  /** One line; it names the file. */
  readonly message: string;
}

/**
 * Photographs and masks of a list, in order, read ahead in worker threads.
 *
 * @example
 * const list = await voc('VOCdevkit/VOC2012').list('val');
 * for await (const { id, width, height } of photographLoader(list, { onUnreadable: console.error })) console.log(id, width, height);
 */
export function photographLoader(
  list: SampleList,
  options: PhotographLoaderOptions,
): Loader<ListedPhotograph> {
  const { indices, workers = 1, prefetch = 2 * workers, onUnreadable, ...photographOptions } = options;

  function* tasks(): Generator<PhotographTask> {
    for (const index of indices ?? Array(list.length).keys())
      yield { kind: 'photograph', index, sample: list.sample(index), options: photographOptions };
  }

  const pool = taskPool(loaderWork, workers);
  const work = {
    run: (task: PhotographTask) => pool.run(task) as Promise<PhotographResult>,
    finish(result: PhotographResult) {
      if ('photograph' in result) return { index: result.index, ...result.photograph };
      onUnreadable(result.unreadable);
      return undefined;
    },
    close: () => pool.close(),
  };
  return orderedLoader(tasks(), work, workers === 0 ? 0 : prefetch);
}
