import { labelsOfCam } from '../masks/predict-labels.js';
import type { Planes } from '../masks/resize-planes.js';
import { addMatrix, confusionMatrix, countPixels, intersectionOverUnion } from './confusion-matrix.js';
import type { Evaluation } from './evaluation.js';
import { f1Score } from './f1-score.js';

/** An image, and what a segmenter said of it. */
export interface TalliedImage {
  /** Its place in the list. */
  readonly place: number;
  readonly height: number;
  readonly width: number;
  /** Image-level labels `[C]`, 0 or 1. */
  readonly labels: ArrayLike<number>;
  /** True class of every pixel, where it is known. */
  readonly mask?: Uint8Array | undefined;
  /** Classes of the planes of both CAMs. */
  readonly classes: readonly number[];
  readonly cam: Planes;
  readonly camAux: Planes;
  /** Predicted class of every pixel. */
  readonly seg: Uint8Array;
  /** How probable each class is, `[C]`. */
  readonly scores: ArrayLike<number>;
  /** Mean cosine of different patch tokens after each block. */
  readonly similarity: ArrayLike<number>;
}

/** Scores that are gathered image by image: one confusion matrix over all of them each for CAM, auxiliary CAM and segmentation. */
export interface EvaluationTally {
  /** Scores an image. @returns mean IoU of its segmentation alone; NaN without a mask */
  add(image: TalliedImage): number;
  /** What the figures follow from, to be merged with that of other parts of the list by {@link mergedEvaluation}. */
  counts(): TallyCounts;
}

/** What a tally holds, as plain data: whole numbers that add up, and a few values of each image. */
export interface TallyCounts {
  /** Pixels by true and predicted class. */
  readonly matrices: Readonly<Record<'cam' | 'camAux' | 'seg', readonly number[]>>;
  readonly images: readonly ImageCounts[];
  readonly masks: number;
}

/** What is kept of an image. */
interface ImageCounts {
  readonly place: number;
  readonly f1: number;
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
  let masks = 0;
  const images: ImageCounts[] = [];
  return {
    add({ place, height, width, labels, mask: truth, classes, cam, camAux, seg, scores, similarity }) {
      const logits = Array.from(scores, (score) => score - 0.5);
      images.push({ place, f1: f1Score(logits, labels), similarity: Array.from(similarity) });
      if (truth === undefined) return Number.NaN;
      masks++;
      const size = { height, width };
      const predictions = {
        cam: labelsOfCam(cam, { size, classes, threshold }),
        camAux: labelsOfCam(camAux, { size, classes, threshold }),
        seg,
      };
      for (const key of ['cam', 'camAux', 'seg'] as const)
        countPixels(matrices[key], { truth, prediction: predictions[key] }, { ignoreIndex });
      const own = confusionMatrix(numClasses + 1);
      countPixels(own, { truth, prediction: seg }, { ignoreIndex });
      return intersectionOverUnion(own).mean;
    },
    counts: () => ({
      matrices: {
        cam: [...matrices.cam.counts],
        camAux: [...matrices.camAux.counts],
        seg: [...matrices.seg.counts],
      },
      ...{ images, masks },
    }),
  };
}

/**
 * Figures of a list that was scored in parts: whole numbers are added up, values of single images in the order of the list, so that
 * the figures do not depend on the parts.
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
  const images = parts.flatMap((part) => part.images).sort((a, b) => a.place - b.place);
  let f1 = 0;
  let similarity: number[] = [];
  for (const image of images) {
    f1 += image.f1;
    similarity = image.similarity.map((value, i) => (similarity[i] ?? 0) + value);
  }
  return {
    ...{ cam: figures('cam'), camAux: figures('camAux'), seg: figures('seg') },
    f1: f1 / images.length,
    similarity: similarity.map((value) => value / images.length),
    images: images.length,
    masks: parts.reduce((sum, part) => sum + part.masks, 0),
  };
}
