import type { Backbone } from '@toco/backbone';
import {
  type BatchFeed,
  defaultViewOptions,
  type Enrichment,
  feedBatch,
  type SampleList,
  type TrainingBatch,
  trainingLoader,
  type UnreadableSample,
  type ViewOptions,
} from '@toco/datasets';
import { counted, printLine } from '@toco/files';
import type { StepConfig, Thresholds } from '@toco/method';
import { listNames } from '@toco/weights';

/** What {@link trainingBatches} needs to know besides the list of images. */
export interface TrainingBatchesOptions {
  /** Its normalization is that of the views. */
  readonly backbone: Pick<Backbone, 'mean' | 'std'>;
  readonly config: Pick<StepConfig, 'reg' | 'behavior'>;
  /** Side of the views in pixels. */
  readonly cropSize: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Which of `count` equal parts of every batch is made; default: all of it. */
  readonly share?: { readonly index: number; readonly count: number } | undefined;
  /** First iteration; a resumed run gets the batches that it would have got. */
  readonly startIteration?: number | undefined;
  /** Iteration to stop before. */
  readonly endIteration?: number | undefined;
  readonly workers?: number | undefined;
  readonly prefetch?: number | undefined;
  /** Images that can't be read end the run when they are more than this and more than the share of the list. */
  readonly maxUnreadable?: number | undefined;
  readonly maxUnreadableShare?: number | undefined;
  /** Takes what is said of images that can't be read, a line at a time; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
  /** What else is made of every image, in the loader's threads: `extra` of the batch. Gives an object of `{ data, shape }`. */
  readonly enrichment?: Enrichment | undefined;
  /** Thresholds of an iteration, which go to the step with its batch; see `thresholdsAt` of `@toco/method`. */
  readonly thresholds?: ((iteration: number) => Thresholds | undefined) | undefined;
  /** What differs from the paper's views. */
  readonly views?: Partial<ViewOptions> | undefined;
}

/** Batches ready to be fed, with the names of their images. */
export interface TrainingBatches extends AsyncIterableIterator<BatchFeed, undefined> {
  /** Names of the images of the batch that came last. */
  ids(): readonly string[];
  /** Images that could not be read so far, each once. */
  unreadable(): readonly UnreadableSample[];
  /** Says that nobody reads a batch's arrays any longer: a later one is written into them. May be left out. */
  giveBack(feed: BatchFeed): void;
  close(): Promise<void>;
}

/**
 * The batches of a training run as a step takes them: views, labels, boxes, noise, and the lattices that worker threads
 * build ahead.
 *
 * @example
 * for await (const feed of trainingBatches(list, { backbone, config, cropSize: 448, batchSize: 4, seed: 0 })) { … }
 */
export function trainingBatches(list: SampleList, options: TrainingBatchesOptions): TrainingBatches {
  const { backbone, config, cropSize, views, thresholds, print = printLine, ...loading } = options;
  const { mean, std } = backbone;
  const { sigmaXy, sigmaRgb, downsample } = config.reg;
  const loader = trainingLoader(list, {
    ...loading,
    onUnreadable: ({ message }) => print(`${message}; another image takes its place.`),
    views: {
      ...defaultViewOptions,
      cropSize,
      normalization: { mean, std },
      behavior: config.behavior.lateFlip,
      ...views,
    },
    lattice: { mean, std, sigmaXy, sigmaRgb, downsample },
  });
  let ids: readonly string[] = [];
  const batchOf = new WeakMap<BatchFeed, TrainingBatch>();
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    const unreadable = loader.unreadable();
    if (unreadable.length > 0)
      print(
        `${unreadable.length} of ${counted(list.length, 'image')} could not be read; others took their place: ${listNames(unreadable.map(({ id }) => id))}.`,
      );
    await loader.close();
  }
  return {
    ids: () => ids,
    unreadable: () => loader.unreadable(),
    close: () => (closing ??= close()),
    async next() {
      const result = (await loader.next()) as IteratorResult<TrainingBatch, undefined>;
      if (result.done) return { done: true, value: undefined };
      ids = result.value.ids;
      const own = thresholds?.(result.value.iteration);
      const feed = { ...feedBatch(result.value), ...(own && thresholdFeed(own, result.value.ids.length)) };
      batchOf.set(feed, result.value);
      return { done: false, value: feed };
    },
    giveBack(feed) {
      const batch = batchOf.get(feed);
      if (batch) loader.giveBack(batch);
    },
    async return() {
      await this.close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The same thresholds for every image: `[B,C]`. */
function thresholdFeed({ low, high }: Thresholds, images: number): Pick<BatchFeed, 'thresholds'> {
  const feed = (values: readonly number[]) => ({
    data: Float32Array.from({ length: images * values.length }, (_, i) => values[i % values.length]!),
    shape: [images, values.length],
  });
  return { thresholds: { low: feed(low), high: feed(high) } };
}
