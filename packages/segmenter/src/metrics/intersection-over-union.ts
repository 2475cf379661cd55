/**
 * Which classes a mean is over: those that occur in truth or prediction, or, as the reference has it, those that the truth has. A
 * class that the truth lacks and the prediction has somewhere counts 0 in the first and nothing in the second.
 */
export type MeanOver = 'occurring' | 'truth';

/** Pixels of each class. */
export interface ClassCounts {
  /** Of the class, and predicted as it. */
  readonly hits: ArrayLike<number>;
  /** Predicted as the class. */
  readonly predicted: ArrayLike<number>;
  /** Of the class. */
  readonly truth: ArrayLike<number>;
}

/** Intersection over union of every class, and their mean. */
export interface IntersectionOverUnion {
  readonly mean: number;
  /** Per class; NaN where a class occurs in neither truth nor prediction. */
  readonly perClass: readonly number[];
  /** Classes that are left out of the mean. */
  readonly absent: readonly number[];
}

/** IoU of class k = hits / (truth + predicted − hits). */
export function unionOfCounts(
  { hits, predicted, truth }: ClassCounts,
  { over = 'occurring' }: { readonly over?: MeanOver } = {},
): IntersectionOverUnion {
  const perClass = Array.from(hits, (hit, k) => hit / (truth[k]! + predicted[k]! - hit));
  const absent = perClass.flatMap((iou, k) =>
    (over === 'truth' ? truth[k] === 0 : Number.isNaN(iou)) ? [k] : [],
  );
  const counted = perClass.filter((_, k) => !absent.includes(k));
  return { mean: counted.reduce((sum, iou) => sum + iou, 0) / counted.length, perClass, absent };
}
