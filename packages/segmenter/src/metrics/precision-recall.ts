import { classCounts, type ConfusionMatrix } from './confusion-matrix.js';

/** Share of what is predicted that is right, share of what is there that is found; NaN where nothing is. */
export interface PrecisionRecall {
  readonly precision: number;
  readonly recall: number;
}

/** {@link PrecisionRecall} of every class, and of objects and background as two classes. */
export interface PrecisionsRecalls {
  readonly perClass: readonly PrecisionRecall[];
  /** Any class against background: whether there is an object, not which. */
  readonly foreground: PrecisionRecall;
  readonly background: PrecisionRecall;
}

/** Precision and recall of the pixels that a confusion matrix counts. */
export function precisionRecall(matrix: ConfusionMatrix): PrecisionsRecalls {
  const { hits, predicted, truth } = classCounts(matrix);
  const perClass = Array.from(hits, (hit, k) => ({
    precision: hit / predicted[k]!,
    recall: hit / truth[k]!,
  }));
  const all = matrix.counts.reduce((sum, count) => sum + count, 0);
  const [right, said, real] = [hits[0]!, predicted[0]!, truth[0]!];
  // Pixels that neither is background: objects that are found, whatever they are taken for.
  const found = all - said - real + right;
  return {
    perClass,
    foreground: { precision: found / (all - said), recall: found / (all - real) },
    background: perClass[0]!,
  };
}
