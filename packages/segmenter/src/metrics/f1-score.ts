/**
 * F1 of one image's classification over its classes: 2·TP / (2·TP + FP + FN), predicted where the logit is above 0.
 * An image that shows none of the classes, and for which none is predicted, is right and counts 1 (scikit-learn: `zero_division=1`).
 *
 * @param logits `[C]`
 * @param labels `[C]`, 1 where the class is present
 */
export function f1Score(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  let hits = 0;
  let wrong = 0;
  for (let c = 0; c < logits.length; c++) {
    const predicted = logits[c]! > 0;
    const present = labels[c]! > 0;
    if (predicted && present) hits++;
    else if (predicted || present) wrong++;
  }
  return hits + wrong === 0 ? 1 : (2 * hits) / (2 * hits + wrong);
}
