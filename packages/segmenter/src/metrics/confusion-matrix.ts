/** Pixel counts: row = truth, column = prediction, over all images of a set. */
export interface ConfusionMatrix {
  /** Number of classes K, background included. */
  readonly numClasses: number;
  /** `[K, K]` counts, row-major. */
  readonly counts: Float64Array;
}

/** Intersection over union of every class, and their mean. */
export interface IntersectionOverUnion {
  /** Mean over the classes that occur in truth or prediction. */
  readonly mean: number;
  /** Per class; NaN where a class occurs in neither. */
  readonly perClass: readonly number[];
  /** Classes that occur in neither and are left out of the mean. */
  readonly absent: readonly number[];
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

/** IoU of class k = n_kk / (Σ_j n_kj + Σ_j n_jk − n_kk); mIoU is their mean over one matrix of the whole set. */
export function intersectionOverUnion({ numClasses, counts }: ConfusionMatrix): IntersectionOverUnion {
  const perClass: number[] = [];
  const absent: number[] = [];
  for (let k = 0; k < numClasses; k++) {
    let union = 0;
    for (let j = 0; j < numClasses; j++) union += counts[k * numClasses + j]! + counts[j * numClasses + k]!;
    const hits = counts[k * numClasses + k]!;
    union -= hits;
    perClass.push(union === 0 ? Number.NaN : hits / union);
    if (union === 0) absent.push(k);
  }
  const present = perClass.filter((iou) => !Number.isNaN(iou));
  return { mean: present.reduce((sum, iou) => sum + iou, 0) / present.length, perClass, absent };
}
