import { type LatticeArrays, packLattices, viewLattice, type ViewLatticeOptions } from '@toco/crf';
import type { Sample, SampleList } from '../dataset/dataset.js';
import {
  arraysAt,
  fillTrainingSample,
  trainingArrays,
  UnreadableImage,
  type SampleKey,
  type TrainingSample,
} from './training-sample.js';
import { ignoredLabel } from '../image/decode-mask.js';
import type { UsedBatch } from './used-batch.js';
import type { ViewOptions } from '../views/view-options.js';
import { enrichmentError, loadEnrichment, type Enrichment } from './enrichment.js';

/** The batch of one iteration: B images with their views, H = W = `cropSize`. */
export interface TrainingBatch<Enriched = unknown> {
  /** Counted over all epochs from 0. */
  readonly iteration: number;
  readonly epoch: number;
  /** Names of the images, B of them. */
  readonly ids: readonly string[];
  readonly cropSize: number;
  /** Main view: `[B, H, W, 3]`, normalized. */
  readonly images: Float32Array;
  /** Second global view: `[B, H, W, 3]`, normalized. */
  readonly globalView: Float32Array;
  /** Source of the local crops: `[B, H, W, 3]`, normalized. */
  readonly localSource: Float32Array;
  /** `[B, C]`, 1 or 0. */
  readonly labels: Float32Array;
  /** `[B, 4]`: boxes of real pixels `[y0, y1, x0, x1]`, ends excluded. */
  readonly imgBox: Int32Array;
  /** `[B, H, W]`: uniform numbers in `[0, 1)`. */
  readonly cropNoise: Float32Array;
  /** Lattices of the main views at half size, packed as a step takes them; undefined where none were asked for. */
  readonly lattice: LatticeArrays | undefined;
  /** `[B, H, W]`: masks of the main views, 255 where an image has none; left out where no image of the list has one. */
  readonly masks?: Int32Array;
  /** `[B]`: 1 where an image trains on its mask; left out where all images of the list do. */
  readonly masked?: Int32Array;
  /** What the enrichment made of each sample; empty without one. */
  readonly enriched: readonly Enriched[];
}

/** A training batch that is still to be made: plain data. */
export interface TrainingTask {
  readonly kind: 'training';
  readonly iteration: number;
  readonly epoch: number;
  readonly samples: readonly { readonly sample: Sample; readonly key: SampleKey }[];
  readonly views: ViewOptions;
  readonly enrichment: Enrichment | undefined;
  readonly lattice: ViewLatticeOptions | undefined;
  readonly masks: SampleList['trainingMasks'];
  /** A batch that nobody reads any longer: its large arrays are written anew where they have the size. */
  readonly used?: UsedBatch | undefined;
}

/** The images of a batch that can't be read, by their place in it. */
export interface UnreadableBatch {
  readonly unreadable: readonly { readonly position: number; readonly message: string }[];
}

/** Decodes and augments the images of a batch; where some can't be read, tells which. */
export async function loadTrainingBatch(task: TrainingTask): Promise<TrainingBatch | UnreadableBatch> {
  const enrich = task.enrichment && (await loadEnrichment(task.enrichment));
  // Started together: while one image is augmented here, the next is decoded in libvips' threads.
  const { cropSize } = task.views;
  const arrays = trainingArrays(task.samples.length, cropSize, task.used);
  const unreadable: { position: number; message: string }[] = [];
  const loaded = await Promise.all(
    task.samples.map(({ sample, key }, position) =>
      fillTrainingSample(sample, key, {
        options: task.views,
        arrays: arraysAt(arrays, position, cropSize),
      }).catch((error: unknown) => {
        if (!(error instanceof UnreadableImage)) throw error;
        unreadable.push({ position, message: error.message });
        return undefined;
      }),
    ),
  );
  if (unreadable.length > 0) return { unreadable: unreadable.sort((a, b) => a.position - b.position) };
  const samples = loaded.filter((sample) => sample !== undefined);
  const { lattice } = task;
  // Packed here and not where the step waits for it.
  const packed =
    lattice &&
    packLattices(
      samples.map(({ images }) => viewLattice(images, [cropSize, cropSize], lattice)),
      { used: task.used?.lattice },
    );
  const enriched = [];
  for (const sample of enrich ? samples : []) {
    try {
      enriched.push(await enrich!(sample, task.enrichment!.options));
    } catch (error) {
      throw enrichmentError(task.enrichment!, sample.id, error);
    }
  }
  return {
    iteration: task.iteration,
    epoch: task.epoch,
    ids: samples.map(({ id }) => id),
    cropSize,
    ...arrays,
    labels: Float32Array.from(samples.flatMap(({ labels }) => [...labels])),
    imgBox: Int32Array.from(samples.flatMap((sample) => sample.imgBox)),
    lattice: packed,
    ...(task.masks && stackedMasks(samples, task)),
    enriched,
  };
}

/** Masks of a batch; the same arrays for every batch of a list, so that one compiled step takes them all. */
function stackedMasks(
  samples: readonly TrainingSample[],
  { masks: how, views }: Pick<TrainingTask, 'masks' | 'views'>,
): Pick<TrainingBatch, 'masks' | 'masked'> {
  const length = views.cropSize ** 2;
  const masks = new Int32Array(samples.length * length).fill(ignoredLabel);
  samples.forEach(({ mask }, i) => {
    if (mask) masks.set(mask, i * length);
  });
  if (how === 'all') return { masks };
  return { masks, masked: Int32Array.from(samples, ({ mask }) => (mask ? 1 : 0)) };
}
