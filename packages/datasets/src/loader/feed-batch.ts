import type { TrainingBatch } from './training-batch.js';
import { presentClasses } from './present-classes.js';
import { stackEnriched } from './stack-enriched.js';

/** Values with their shape. */
export interface FeedArray {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** A batch as arrays, ready for a compiled step, or for tensors of an eager one. */
export interface BatchFeed {
  readonly images: FeedArray;
  readonly globalView: FeedArray;
  readonly localSource: FeedArray;
  readonly labels: FeedArray;
  readonly imgBox: FeedArray;
  readonly cropNoise: FeedArray;
  readonly presentClasses: FeedArray;
  readonly masks?: FeedArray;
  readonly masked?: FeedArray;
  /** `[B,…]` each: what an enrichment gave. */
  readonly extra?: Readonly<Record<string, FeedArray>>;
  /** `[B,C]` each, where thresholds change over time. */
  readonly thresholds?: { readonly low: FeedArray; readonly high: FeedArray };
  readonly lattice: {
    readonly offsets: FeedArray;
    readonly weights: FeedArray;
    readonly neighbors: FeedArray;
  };
}

/**
 * The batch of a loader as a step takes it, with the classes that each image shows; nothing is copied but what an enrichment gave.
 *
 * @throws where the loader was not asked for lattices
 */
export function feedBatch(batch: TrainingBatch): BatchFeed {
  const { cropSize: size, ids, labels, lattice: packed, masks, masked, enriched } = batch;
  if (packed === undefined)
    // eslint-disable-next-line no-restricted-syntax -- a fault of the program that asks
    throw new Error('feedBatch: the batch has no lattices: give the loader the option "lattice"');
  const count = ids.length;
  const numClasses = labels.length / count;
  const view = (data: Float32Array): FeedArray => ({ data, shape: [count, size, size, 3] });
  const corners = packed.dimensions + 1;
  const { data: classes, shape } = presentClasses(labels, [count, numClasses]);
  return {
    images: view(batch.images),
    globalView: view(batch.globalView),
    localSource: view(batch.localSource),
    labels: { data: labels, shape: [count, numClasses] },
    imgBox: { data: batch.imgBox, shape: [count, 4] },
    cropNoise: { data: batch.cropNoise, shape: [count, size, size] },
    presentClasses: { data: classes, shape },
    ...(masks && { masks: { data: masks, shape: [count, size, size] } }),
    ...(masked && { masked: { data: masked, shape: [count] } }),
    ...(enriched.length > 0 && { extra: stackEnriched(ids, enriched) }),
    lattice: {
      offsets: { data: packed.offsets, shape: [count, packed.numPoints, corners] },
      weights: { data: packed.weights, shape: [count, packed.numPoints, corners] },
      neighbors: { data: packed.neighbors, shape: [corners, 2, count * (packed.vertices + 1)] },
    },
  };
}
