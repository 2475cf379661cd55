/** Options of {@link labelProbabilities}. */
export interface LabelProbabilitiesOptions {
  /** Number of classes K. */
  readonly classes: number;
  /** Probability of the labeled class; the others share the rest equally. */
  readonly confidence: number;
}

/**
 * Probabilities of a label map, for a dense CRF that starts from labels (as in IRN, confidence 0.7).
 *
 * @param labels `[n]`, classes 0…K−1
 * @returns `[n, K]`
 * @throws where a label is no class
 * @example
 * labelProbabilities([1], { classes: 3, confidence: 0.7 }); // 0.15, 0.7, 0.15
 */
export function labelProbabilities(
  labels: ArrayLike<number>,
  { classes, confidence }: LabelProbabilitiesOptions,
): Float32Array {
  const out = new Float32Array(labels.length * classes).fill((1 - confidence) / (classes - 1));
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!(label >= 0 && label < classes))
      throw new Error(`labelProbabilities: label ${label} at ${i} is none of the ${classes} classes`);
    out[i * classes + label] = confidence;
  }
  return out;
}
