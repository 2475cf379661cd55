import type { EvaluationOutputs } from '../forward/evaluation-forward.js';
import { labelsOfCam, labelsOfLogits } from '../masks/predict-labels.js';
import type { Planes } from '../masks/resize-planes.js';
import { addMatrix, confusionMatrix, countPixels, intersectionOverUnion } from './confusion-matrix.js';
import type { Evaluation } from './evaluation.js';
import { f1Score } from './f1-score.js';

/** What an image is scored by. */
export interface ScoredImage {
  /** Image-level labels `[C]`, 0 or 1. */
  readonly labels: Uint8Array;
  /** Size that masks are predicted at. */
  readonly original: { readonly height: number; readonly width: number };
  /** True classes of all pixels, where they are known. */
  readonly mask?: { readonly data: Uint8Array } | undefined;
}

/** What the network says of one image. */
export interface ImagePrediction {
  /** Classes of the image, by index. */
  readonly classes: number[];
  readonly cam: Planes;
  readonly camAux: Planes;
  /** Predicted class of every pixel. */
  readonly seg: Uint8Array;
  /** Mean IoU of this image alone; NaN without a mask. */
  readonly iou: number;
}

/** Scores that are gathered image by image: one confusion matrix over all of them each for CAM, auxiliary CAM and segmentation. */
export interface EvaluationTally {
  /** Scores the images of one forward pass by its outputs, which have been read back; `place`: of its first image in the list. */
  add(
    outputs: Readonly<Record<keyof EvaluationOutputs, unknown>>,
    images: readonly ScoredImage[],
    place?: number,
  ): ImagePrediction[];
  /** Figures of all images so far. */
  result(): Evaluation;
  /** What the figures follow from, to be merged with that of other parts of the list by {@link mergedEvaluation}. */
  counts(): TallyCounts;
}

/** What a tally holds, as plain data: whole numbers that add up, and what each forward pass gave, in order. */
export interface TallyCounts {
  /** Pixels by true and predicted class. */
  readonly matrices: Readonly<Record<'cam' | 'camAux' | 'seg', readonly number[]>>;
  readonly passes: readonly PassCounts[];
  readonly masks: number;
}

/** What one forward pass gave. */
interface PassCounts {
  /** Place of its first image in the list. */
  readonly place: number;
  /** F1 of each of its images. */
  readonly f1: readonly number[];
  /** Mean over its images of the similarity of tokens after each block. */
  readonly similarity: readonly number[];
}

/** An empty tally for `numClasses` foreground classes. */
export function evaluationTally({
  numClasses,
  threshold,
  ignoreIndex,
}: {
  readonly numClasses: number;
  /** A CAM above this is its class, else background. */
  readonly threshold: number;
  /** Value of mask pixels that count for nothing. */
  readonly ignoreIndex: number;
}): EvaluationTally {
  const matrices = {
    cam: confusionMatrix(numClasses + 1),
    camAux: confusionMatrix(numClasses + 1),
    seg: confusionMatrix(numClasses + 1),
  };
  let [done, masks] = [0, 0];
  const passes: PassCounts[] = [];
  const counts = (): TallyCounts => ({
    matrices: {
      cam: [...matrices.cam.counts],
      camAux: [...matrices.camAux.counts],
      seg: [...matrices.seg.counts],
    },
    ...{ passes, masks },
  });

  function imageIou(truth: Uint8Array, prediction: Uint8Array): number {
    const matrix = confusionMatrix(numClasses + 1);
    countPixels(matrix, { truth, prediction }, { ignoreIndex });
    return intersectionOverUnion(matrix).mean;
  }

  return {
    add(outputs, images, place = done) {
      const f1: number[] = [];
      passes.push({ place, f1, similarity: Array.from(arrayOf(outputs.similarity).data) });
      const { data: logits } = arrayOf(outputs.clsLogits);
      return images.map(({ labels, mask, original: size }, b) => {
        const classes = Array.from(labels).flatMap((label, c) => (label > 0 ? [c] : []));
        const cam = planesOf(outputs.cam, b);
        const camAux = planesOf(outputs.camAux, b);
        const planeClasses = Array.from({ length: cam.channels }, (_, m) => classes[m] ?? -1);
        const predictions = {
          cam: labelsOfCam(cam, { size, classes: planeClasses, threshold }),
          camAux: labelsOfCam(camAux, { size, classes: planeClasses, threshold }),
          seg: labelsOfLogits(planesOf(outputs.segLogits, b), size),
        };
        for (const key of mask ? (['cam', 'camAux', 'seg'] as const) : []) {
          countPixels(matrices[key], { truth: mask!.data, prediction: predictions[key] }, { ignoreIndex });
        }
        f1.push(f1Score(logits.slice(b * numClasses, (b + 1) * numClasses), labels));
        done++;
        if (mask) masks++;
        const { seg } = predictions;
        return { classes, cam, camAux, seg, iou: mask ? imageIou(mask.data, seg) : Number.NaN };
      });
    },
    counts,
    result: () => mergedEvaluation([counts()], numClasses),
  };
}

/**
 * Figures of a list that was scored in parts: whole numbers are added up, what each pass gave in the order of the list, so that they
 * do not depend on the parts.
 */
export function mergedEvaluation(parts: readonly TallyCounts[], numClasses: number): Evaluation {
  const figures = (key: 'cam' | 'camAux' | 'seg'): Evaluation['seg'] => {
    const sum = confusionMatrix(numClasses + 1);
    for (const { matrices } of parts) {
      const own = confusionMatrix(numClasses + 1);
      own.counts.set(matrices[key]);
      addMatrix(sum, own);
    }
    return intersectionOverUnion(sum);
  };
  let [f1, done, masks] = [0, 0, 0];
  let similarity: number[] = [];
  for (const pass of parts.flatMap(({ passes }) => passes).sort((a, b) => a.place - b.place)) {
    for (const value of pass.f1) f1 += value;
    similarity = pass.similarity.map((value, i) => (similarity[i] ?? 0) + value * pass.f1.length);
    done += pass.f1.length;
  }
  for (const part of parts) masks += part.masks;
  return {
    ...{ cam: figures('cam'), camAux: figures('camAux'), seg: figures('seg') },
    f1: f1 / done,
    similarity: similarity.map((value) => value / done),
    images: done,
    masks,
  };
}

interface HostArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

function arrayOf(value: unknown): HostArray {
  return value as HostArray;
}

function planesOf(value: unknown, b: number): Planes {
  const { data, shape } = arrayOf(value);
  const [, height, width, channels] = shape as [number, number, number, number];
  const size = height * width * channels;
  return { height, width, channels, data: data.subarray(b * size, (b + 1) * size) };
}
