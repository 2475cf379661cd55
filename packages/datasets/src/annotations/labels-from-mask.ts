import type { LabelMap } from '@toco/formats';

/** The classes that a mask shows, as `[C]` values of 0 or 1. Background and ignored pixels count for nothing. */
export function labelsOfMask(mask: LabelMap, numClasses: number): Uint8Array {
  const labels = new Uint8Array(numClasses);
  for (const label of mask.data) {
    if (label >= 1 && label <= numClasses) labels[label - 1] = 1;
  }
  return labels;
}
