import { packLattices } from '@toco/crf/tensor';
import type { Lattice } from '@toco/crf';
import type { TrainingBatch } from '@toco/datasets';
import type { HostTensor } from '@toco/graph';
import { presentClasses } from './present-classes.js';

/** A batch as arrays, ready for a compiled step, or for tensors of an eager one. */
export interface BatchFeed {
  readonly images: HostTensor;
  readonly globalView: HostTensor;
  readonly localSource: HostTensor;
  readonly labels: HostTensor;
  readonly imgBox: HostTensor;
  readonly cropNoise: HostTensor;
  readonly presentClasses: HostTensor;
  readonly lattice: {
    readonly offsets: HostTensor;
    readonly weights: HostTensor;
    readonly neighbours: HostTensor;
  };
}

/** The batch of a loader, with packed lattices and the classes that each image shows. */
export function feedBatch(batch: TrainingBatch<Lattice>): BatchFeed {
  const { cropSize: size, ids, labels, enriched } = batch;
  const count = ids.length;
  const numClasses = labels.length / count;
  const view = (data: Float32Array): HostTensor => ({ data, shape: [count, size, size, 3] });
  const packed = packLattices(enriched);
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
    lattice: {
      offsets: { data: packed.offsets, shape: [count, packed.numPoints, corners] },
      weights: { data: packed.weights, shape: [count, packed.numPoints, corners] },
      neighbours: { data: packed.neighbours, shape: [corners, 2, count * (packed.vertices + 1)] },
    },
  };
}
