import type { Planes } from '../masks/resize-planes.js';
import { type IntersectionOverUnion, type MeanOver, unionOfCounts } from './intersection-over-union.js';

/** What is counted of CAMs so that the mIoU at every threshold follows: pixels by how many thresholds their CAM is above. */
export interface SweepCounts {
  /** Ascending. */
  readonly thresholds: readonly number[];
  /** Number of classes K, background included. */
  readonly numClasses: number;
  /** `[T + 1, K]`: pixels above so many thresholds whose largest plane is of a class; 0 where no plane is. */
  readonly predicted: Float64Array;
  /** `[T + 1, K]`: those of them that are of this class in truth. */
  readonly hits: Float64Array;
  /** `[T + 1]`: those that are background in truth. */
  readonly background: Float64Array;
  /** `[K]` pixels of each class in truth. */
  readonly truth: Float64Array;
}

/** One threshold of a sweep. */
export interface SweepPoint {
  readonly threshold: number;
  readonly iou: IntersectionOverUnion;
}

/** Nothing counted yet, for these thresholds. @throws where they don't ascend */
export function sweepCounts(numClasses: number, thresholds: readonly number[]): SweepCounts {
  if (thresholds.length === 0 || thresholds.some((value, i) => i > 0 && !(value > thresholds[i - 1]!)))
    throw new Error('Thresholds of a sweep must ascend, and there must be one.');
  const cells = (thresholds.length + 1) * numClasses;
  return {
    thresholds,
    numClasses,
    predicted: new Float64Array(cells),
    hits: new Float64Array(cells),
    background: new Float64Array(thresholds.length + 1),
    truth: new Float64Array(numClasses),
  };
}

/**
 * Counts the CAM of one image: once, for all thresholds.
 *
 * @param cam planes at the size of the mask
 * @param of `classes`: class index of each plane, from 0; `truth`: class of each pixel, of which `ignoreIndex` is skipped
 */
export function countCam(
  { thresholds, numClasses, ...counts }: SweepCounts,
  cam: Planes,
  {
    classes,
    truth,
    ignoreIndex,
  }: { classes: ArrayLike<number>; truth: ArrayLike<number>; ignoreIndex: number },
): void {
  const { channels, data } = cam;
  if (data.length !== truth.length * channels)
    throw new Error(`The CAM has ${data.length / channels} pixels, its mask ${truth.length}.`);
  for (let i = 0; i < truth.length; i++) {
    const label = truth[i]!;
    if (label === ignoreIndex) continue;
    let best = -1;
    let value = Number.NEGATIVE_INFINITY;
    for (let m = 0; m < channels; m++) {
      if (classes[m]! < 0 || !(data[i * channels + m]! > value)) continue;
      value = data[i * channels + m]!;
      best = m;
    }
    const row = rankOf(value, thresholds);
    const column = best < 0 ? 0 : classes[best]! + 1;
    counts.predicted[row * numClasses + column]!++;
    if (label === column) counts.hits[row * numClasses + column]!++;
    if (label === 0) counts.background[row]!++;
    counts.truth[label]!++;
  }
}

/** How many of the ascending thresholds a value is above. */
function rankOf(value: number, thresholds: readonly number[]): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > thresholds[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds the counts of `other`, of other images, to `counts`. */
export function addSweep(counts: SweepCounts, other: SweepCounts): void {
  for (const key of ['predicted', 'hits', 'background', 'truth'] as const)
    other[key].forEach((count, i) => (counts[key][i]! += count));
}

/** IoU at every threshold: what {@link labelsOfCam} and one confusion matrix for each of them would give. */
export function sweepCurve(
  { thresholds, numClasses, predicted, hits, background, truth }: SweepCounts,
  options: { readonly over?: MeanOver } = {},
): SweepPoint[] {
  const above = { hits: new Float64Array(numClasses), predicted: new Float64Array(numClasses) };
  const all = truth.reduce((sum, count) => sum + count, 0);
  let objects = 0; // pixels above the threshold
  let notObjects = 0; // those of them that are background in truth
  const points: SweepPoint[] = [];
  // From the highest down: each step adds the pixels between two thresholds.
  for (let t = thresholds.length - 1; t >= 0; t--) {
    const row = (t + 1) * numClasses;
    for (let k = 1; k < numClasses; k++) {
      above.hits[k]! += hits[row + k]!;
      above.predicted[k]! += predicted[row + k]!;
      objects += predicted[row + k]!;
    }
    notObjects += background[t + 1]!;
    above.predicted[0] = all - objects;
    above.hits[0] = truth[0]! - notObjects;
    points.push({ threshold: thresholds[t]!, iou: unionOfCounts({ ...above, truth }, options) });
  }
  return points.reverse();
}

/** The point with the largest mean; of several the lowest threshold. */
export function bestPoint(points: readonly SweepPoint[]): SweepPoint {
  return points.reduce((best, point) => (point.iou.mean > best.iou.mean ? point : best));
}
