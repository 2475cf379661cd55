import {
  addMatrix,
  addSweep,
  confusionMatrix,
  type ConfusionMatrix,
  countCam,
  countPixels,
  f1Score,
  intersectionOverUnion,
  labelsOfCam,
  type Planes,
  sweepCounts,
  type SweepCounts,
} from '@toco/segmenter';

/** What an evaluation compares: the maps of both classifiers, and the segmentation as it goes through the protocol. */
export const columns = ['cam', 'camAux', 'single', 'fused', 'crf'] as const;

/** One of {@link columns}. */
export type Column = (typeof columns)[number];

/** An image that was scored. */
export interface ScoredImage {
  /** Place in the list. */
  readonly index: number;
  readonly id: string;
  /** Bytes of the photograph: with another one of that name everything is counted anew. */
  readonly stamp?: number | undefined;
  readonly f1: number;
  /** Mean cosine of different patch tokens after each block. */
  readonly similarity: readonly number[];
  /** Mean IoU of this image alone by the protocol's last step; null without a mask. */
  readonly iou: number | null;
}

/** An image that could not be scored. */
export interface LeftOutImage {
  readonly index: number;
  readonly id: string;
  /** One line; it names the file. */
  readonly message: string;
  /** Nothing is wrong with the file: there was too little memory. */
  readonly refused?: true;
}

/** All that is kept of the images: whole numbers that add up, and a few values an image. */
export interface EvaluationCounts {
  /** Number of classes K, background included. */
  readonly numClasses: number;
  readonly matrices: Readonly<Partial<Record<Column, ConfusionMatrix>>>;
  readonly sweeps: Readonly<Record<'cam' | 'camAux', SweepCounts>>;
  readonly images: ScoredImage[];
  readonly leftOut: LeftOutImage[];
}

/** What is counted, and how. */
export interface CountsOptions {
  readonly numClasses: number;
  readonly columns: readonly Column[];
  /** Ascending thresholds of the sweep. */
  readonly thresholds: readonly number[];
}

/** Nothing counted yet. */
export function evaluationCounts({
  numClasses,
  columns: counted,
  thresholds,
}: CountsOptions): EvaluationCounts {
  return {
    numClasses,
    matrices: Object.fromEntries(counted.map((column) => [column, confusionMatrix(numClasses)])),
    sweeps: { cam: sweepCounts(numClasses, thresholds), camAux: sweepCounts(numClasses, thresholds) },
    images: [],
    leftOut: [],
  };
}

/** What the network says of one image. */
export interface SeenImage {
  readonly index: number;
  readonly id: string;
  readonly stamp?: number | undefined;
  readonly height: number;
  readonly width: number;
  /** Image-level labels `[C]`. */
  readonly labels: ArrayLike<number>;
  /** True class of every pixel, where it is known. */
  readonly truth?: Uint8Array | undefined;
  /** Classes of the CAM's planes. */
  readonly classes: readonly number[];
  readonly cam: Planes;
  readonly camAux: Planes;
  /** Predicted class of every pixel, by column. */
  readonly predictions: Readonly<Partial<Record<Column, Uint8Array>>>;
  /** How probable each class is, `[C]`. */
  readonly scores: ArrayLike<number>;
  readonly similarity: ArrayLike<number>;
}

/** Counts an image; nothing of it is kept but a few numbers. */
export function countImage(
  counts: EvaluationCounts,
  image: SeenImage,
  { threshold, ignoreIndex }: { readonly threshold: number; readonly ignoreIndex: number },
): ScoredImage {
  const { index, id, stamp, height, width, classes, truth } = image;
  const size = { height, width };
  let iou: number | null = null;
  if (truth !== undefined) {
    const predictions = {
      ...image.predictions,
      cam: labelsOfCam(image.cam, { size, classes, threshold }),
      camAux: labelsOfCam(image.camAux, { size, classes, threshold }),
    };
    let last: Uint8Array = predictions.cam;
    for (const column of columns) {
      const matrix = counts.matrices[column];
      if (matrix === undefined) continue;
      last = predictions[column]!;
      countPixels(matrix, { truth, prediction: last }, { ignoreIndex });
    }
    countCam(counts.sweeps.cam, image.cam, { classes, truth, ignoreIndex });
    countCam(counts.sweeps.camAux, image.camAux, { classes, truth, ignoreIndex });
    const own = confusionMatrix(counts.numClasses);
    countPixels(own, { truth, prediction: last }, { ignoreIndex });
    const { mean } = intersectionOverUnion(own);
    iou = Number.isNaN(mean) ? null : mean;
  }
  const logits = Array.from(image.scores, (score) => score - 0.5);
  const f1 = f1Score(logits, image.labels);
  const scored = { index, id, stamp, f1, similarity: Array.from(image.similarity), iou };
  counts.images.push(scored);
  return scored;
}

/** The counts of all images of several parts, in the order of the list: those of one pass over it, bit for bit. */
export function mergeCounts(parts: readonly EvaluationCounts[]): EvaluationCounts {
  const [{ numClasses, matrices, sweeps }] = parts as [EvaluationCounts];
  const merged = evaluationCounts({
    numClasses,
    columns: Object.keys(matrices) as Column[],
    thresholds: sweeps.cam.thresholds,
  });
  for (const part of parts) {
    for (const [column, matrix] of Object.entries(part.matrices))
      addMatrix(merged.matrices[column as Column]!, matrix);
    for (const map of ['cam', 'camAux'] as const) addSweep(merged.sweeps[map], part.sweeps[map]);
    merged.images.push(...part.images);
    merged.leftOut.push(...part.leftOut);
  }
  const byPlace = (a: { index: number }, b: { index: number }): number => a.index - b.index;
  merged.images.sort(byPlace);
  merged.leftOut.sort(byPlace);
  return merged;
}

/** Counts as JSON holds them. */
export interface StoredCounts {
  readonly numClasses: number;
  readonly matrices: Readonly<Partial<Record<Column, readonly number[]>>>;
  readonly thresholds: readonly number[];
  readonly sweeps: Readonly<Record<'cam' | 'camAux', Readonly<Record<SweepKey, readonly number[]>>>>;
  readonly images: readonly ScoredImage[];
  readonly leftOut: readonly LeftOutImage[];
}

const sweepKeys = ['predicted', 'hits', 'background', 'truth'] as const;
type SweepKey = (typeof sweepKeys)[number];

/** Counts as plain data. */
export function storedCounts({
  numClasses,
  matrices,
  sweeps,
  images,
  leftOut,
}: EvaluationCounts): StoredCounts {
  const stored = (sweep: SweepCounts): Record<SweepKey, readonly number[]> =>
    Object.fromEntries(sweepKeys.map((key) => [key, Array.from(sweep[key])])) as never;
  return {
    numClasses,
    matrices: Object.fromEntries(
      Object.entries(matrices).map(([column, { counts }]) => [column, [...counts]]),
    ),
    thresholds: sweeps.cam.thresholds,
    sweeps: { cam: stored(sweeps.cam), camAux: stored(sweeps.camAux) },
    images,
    leftOut,
  };
}

/** Counts of what {@link storedCounts} gave. */
export function countsOf(stored: StoredCounts): EvaluationCounts {
  const { numClasses, thresholds, images, leftOut } = stored;
  const counts = evaluationCounts({
    numClasses,
    thresholds,
    columns: Object.keys(stored.matrices) as Column[],
  });
  for (const [column, values] of Object.entries(stored.matrices))
    counts.matrices[column as Column]!.counts.set(values);
  for (const map of ['cam', 'camAux'] as const)
    for (const key of sweepKeys) counts.sweeps[map][key].set(stored.sweeps[map][key]);
  counts.images.push(...images);
  counts.leftOut.push(...leftOut);
  return counts;
}
