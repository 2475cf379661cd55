import {
  type ClassCounts,
  type IntersectionOverUnion,
  type MeanOver,
  unionOfCounts,
} from './intersection-over-union.js';

/** Pixel counts: row = truth, column = prediction, over all images of a set. */
export interface ConfusionMatrix {
  /** Number of classes K, background included. */
  readonly numClasses: number;
  /** `[K, K]` counts, row-major. */
  readonly counts: Float64Array;
}

/** An empty matrix for `numClasses` classes, background included. */
export function confusionMatrix(numClasses: number): ConfusionMatrix {
  return { numClasses, counts: new Float64Array(numClasses * numClasses) };
}

/**
 * Counts one image into `matrix`.
 *
 * @param truth class of each pixel; `ignoreIndex` is skipped
 * @param prediction class of each pixel
 * @throws when lengths differ or a label is no class
 */
export function countPixels(
  matrix: ConfusionMatrix,
  { truth, prediction }: { truth: ArrayLike<number>; prediction: ArrayLike<number> },
  { ignoreIndex }: { ignoreIndex: number },
): void {
  const { numClasses, counts } = matrix;
  if (truth.length !== prediction.length) {
    throw new Error(`The prediction has ${prediction.length} pixels, its mask ${truth.length}.`);
  }
  for (let i = 0; i < truth.length; i++) {
    const row = truth[i]!;
    if (row === ignoreIndex) continue;
    const column = prediction[i]!;
    if (!(row < numClasses && column < numClasses)) {
      throw new Error(`Label ${row < numClasses ? column : row} is outside the ${numClasses} classes.`);
    }
    counts[row * numClasses + column]!++;
  }
}

/** Adds the counts of `other`, of other images, to `matrix`. */
export function addMatrix(matrix: ConfusionMatrix, other: ConfusionMatrix): void {
  other.counts.forEach((count, i) => (matrix.counts[i]! += count));
}

/** Pixels of each class: those of it that are predicted as it, those predicted as it, those of it. */
export function classCounts({ numClasses, counts }: ConfusionMatrix): ClassCounts {
  const [hits, predicted, truth] = [0, 1, 2].map(() => new Float64Array(numClasses)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let row = 0; row < numClasses; row++) {
    for (let column = 0; column < numClasses; column++) {
      const count = counts[row * numClasses + column]!;
      truth[row]! += count;
      predicted[column]! += count;
      if (row === column) hits[row]! += count;
    }
  }
  return { hits, predicted, truth };
}

/** IoU of class k = n_kk / (Σ_j n_kj + Σ_j n_jk − n_kk); mIoU is their mean over one matrix of the whole set. */
export function intersectionOverUnion(
  matrix: ConfusionMatrix,
  options: { readonly over?: MeanOver } = {},
): IntersectionOverUnion {
  return unionOfCounts(classCounts(matrix), options);
}
