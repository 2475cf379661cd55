import type { EvaluationOutputs } from '../forward/evaluation-forward.js';
import { labelsOfCam, labelsOfLogits } from '../masks/predict-labels.js';
import type { Planes } from '../masks/resize-planes.js';
import { confusionMatrix, countPixels, intersectionOverUnion } from './confusion-matrix.js';
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
  /** Scores the images of one forward pass by its outputs, which have been read back. */
  add(
    outputs: Readonly<Record<keyof EvaluationOutputs, unknown>>,
    images: readonly ScoredImage[],
  ): ImagePrediction[];
  /** Figures of all images so far. */
  result(): Evaluation;
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
  let [f1, done, masks] = [0, 0, 0];
  let similarity: number[] = [];

  function imageIou(truth: Uint8Array, prediction: Uint8Array): number {
    const matrix = confusionMatrix(numClasses + 1);
    countPixels(matrix, { truth, prediction }, { ignoreIndex });
    return intersectionOverUnion(matrix).mean;
  }

  return {
    add(outputs, images) {
      const perBlock = arrayOf(outputs.similarity).data;
      similarity = Array.from(perBlock, (value, i) => (similarity[i] ?? 0) + value * images.length);
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
        f1 += f1Score(logits.slice(b * numClasses, (b + 1) * numClasses), labels);
        done++;
        if (mask) masks++;
        const { seg } = predictions;
        return { classes, cam, camAux, seg, iou: mask ? imageIou(mask.data, seg) : Number.NaN };
      });
    },
    result: () => ({
      cam: intersectionOverUnion(matrices.cam),
      camAux: intersectionOverUnion(matrices.camAux),
      seg: intersectionOverUnion(matrices.seg),
      f1: f1 / done,
      similarity: similarity.map((value) => value / done),
      images: done,
      masks,
    }),
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
