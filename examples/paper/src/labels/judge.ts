import { ignoredLabel } from '@toco/datasets';
import type { Part } from './share.js';
import { isObject, paddingTruth, type Truth } from './truth.js';

/** Labels of tokens or pixels beside the masks. */
export interface LabelCounts {
  /** Labels of an object that are right: precision. */
  readonly objectRight: Part;
  /** Labels of background that are right: precision. */
  readonly backgroundRight: Part;
  /** Places of objects that have the right label: coverage. */
  readonly objectFound: Part;
  /** Places of background that have the right label: coverage. */
  readonly backgroundFound: Part;
}

/** Pairs of tokens, as token contrast compares them. */
export interface PairCounts {
  /** Pairs with one label whose truths are one, too. */
  readonly alike: Part;
  /** Pairs with two labels whose truths are two. */
  readonly unlike: Part;
}

/** Signs of local crops beside what they show. */
export interface CropCounts {
  /** Negatives that show no pixel of an object. */
  readonly negativeRight: Part;
  /** Positives that show one. */
  readonly positiveRight: Part;
  /** Crops that are negatives. */
  readonly negatives: Part;
  /** Crops of which more than half is padding. */
  readonly padding: Part;
}

/** Compares labels (0 = background, 255 = none) with the truth; places whose truth is not known are left out. */
export function judgeLabels(labels: ArrayLike<number>, { data }: Truth): LabelCounts {
  const count = { object: 0, objectRight: 0, background: 0, backgroundRight: 0, objects: 0, backgrounds: 0 };
  for (let i = 0; i < data.length; i++) {
    const [label, truth] = [labels[i]!, data[i]!];
    if (truth === ignoredLabel) continue;
    if (isObject(truth)) count.objects++;
    if (truth === 0) count.backgrounds++;
    if (label === ignoredLabel) continue;
    if (label === 0) {
      count.background++;
      if (truth === 0) count.backgroundRight++;
    } else {
      count.object++;
      if (truth === label) count.objectRight++;
    }
  }
  return {
    objectRight: { right: count.objectRight, all: count.object },
    backgroundRight: { right: count.backgroundRight, all: count.background },
    objectFound: { right: count.objectRight, all: count.objects },
    backgroundFound: { right: count.backgroundRight, all: count.backgrounds },
  };
}

/** Compares the pairs of different tokens that both have a label; pairs with padding are wrong. */
export function judgePairs(labels: ArrayLike<number>, { data }: Truth): PairCounts {
  const count = { alike: 0, alikeRight: 0, unlike: 0, unlikeRight: 0 };
  const labeled = Array.from(data.keys()).filter(
    (i) => labels[i] !== ignoredLabel && data[i] !== ignoredLabel,
  );
  for (const [n, i] of labeled.entries())
    for (const j of labeled.slice(n + 1)) {
      const isReal = data[i] !== paddingTruth && data[j] !== paddingTruth;
      if (labels[i] === labels[j]) {
        count.alike++;
        if (isReal && data[i] === data[j]) count.alikeRight++;
      } else {
        count.unlike++;
        if (isReal && data[i] !== data[j]) count.unlikeRight++;
      }
    }
  return {
    alike: { right: count.alikeRight, all: count.alike },
    unlike: { right: count.unlikeRight, all: count.unlike },
  };
}

/** Compares the signs of crops (1 = positive) with what the crops at these top-left corners (y, x) show. */
export function judgeCrops(
  { signs, origins, size }: { signs: ArrayLike<number>; origins: ArrayLike<number>; size: number },
  { side, data }: Truth,
): CropCounts {
  const count = { negatives: 0, negativeRight: 0, positiveRight: 0, padding: 0 };
  for (let crop = 0; crop < signs.length; crop++) {
    const [top, left] = [origins[2 * crop]!, origins[2 * crop + 1]!];
    let [padding, showsObject] = [0, false];
    for (let y = top; y < top + size; y++)
      for (const truth of data.subarray(y * side + left, y * side + left + size)) {
        if (truth === paddingTruth) padding++;
        showsObject ||= isObject(truth);
      }
    if (padding > size ** 2 / 2) count.padding++;
    if (signs[crop] === 0) {
      count.negatives++;
      if (!showsObject) count.negativeRight++;
    } else if (showsObject) count.positiveRight++;
  }
  const all = signs.length;
  return {
    negativeRight: { right: count.negativeRight, all: count.negatives },
    positiveRight: { right: count.positiveRight, all: all - count.negatives },
    negatives: { right: count.negatives, all },
    padding: { right: count.padding, all },
  };
}
