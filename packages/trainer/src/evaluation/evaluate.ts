import type { Panel } from '@toco/report';
import type { Feeds, Fetched } from '@toco/graph';
import {
  type EvaluationInputs,
  type EvaluationOutputs,
  type Evaluation,
  confusionMatrix,
  labelsOfCam,
  labelsOfLogits,
  countPixels,
  f1Score,
  intersectionOverUnion,
  type Planes,
} from '@toco/segmenter';
import { type SampleList, evaluationLoader, type EvaluationSample, presentClasses } from '@toco/datasets';
import { ignoreIndex } from '@toco/method';
import type { Progress } from '@toco/files';
import { printLine } from '@toco/files';
import { formatLeftOut } from '@toco/datasets';

/** What {@link evaluate} looks at. */
export interface EvaluateOptions {
  /** Side that images are squashed to. */
  readonly size: number;
  /** A CAM above this is its class, else background. */
  readonly threshold: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly workers: number;
  /** Images per forward pass. */
  readonly batchSize?: number;
  /** Only the first images. */
  readonly limit?: number | undefined;
  readonly progress?: Progress | undefined;
  /** Called with every image; for reports. */
  readonly onPanel?: ((panel: Panel) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes a line about images that can't be used, or whose masks can't; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
}

/** The forward pass, compiled or eager. */
export type RunForward = (inputs: Feeds<EvaluationInputs>) => Promise<Fetched<EvaluationOutputs>>;

/**
 * Validates on a list of images (the protocol during training): one confusion matrix over the whole set each for CAM,
 * auxiliary CAM and segmentation, at the masks' own sizes. A list without masks gives F1 and token similarity.
 */
export async function evaluate(
  run: RunForward,
  list: SampleList,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const {
    size,
    threshold,
    mean,
    std,
    workers,
    batchSize = 4,
    limit = list.length,
    progress,
    onPanel,
    signal,
    print = printLine,
  } = options;
  const numClasses = list.classes.length;
  const matrices = {
    cam: confusionMatrix(numClasses + 1),
    camAux: confusionMatrix(numClasses + 1),
    seg: confusionMatrix(numClasses + 1),
  };
  const total = Math.min(limit, list.length);
  if (total === 0) throw new Error(`The list ${list.name} has no image to validate on.`);
  const normalization = { mean, std } as NonNullable<Parameters<typeof evaluationLoader>[1]>['normalization'];
  const withMask = list.sample(0).mask !== undefined;
  const loader = evaluationLoader(list, {
    size,
    workers,
    withMask,
    indices: Array.from({ length: total }, (_, i) => i),
    ...(normalization && { normalization }),
    onUnreadable: (problem) => void leftOut.push(problem),
  });
  const leftOut: { id: string; message: string }[] = [];
  let f1 = 0;
  let done = 0;
  let similarity: number[] = [];
  const batches = batchesOf(loader, batchSize);
  for await (const samples of batches) {
    if (signal?.aborted) throw new Error('The validation was interrupted.');
    const outputs = await run(feedOf(samples, { size, numClasses, batchSize }));
    const perBlock = arrayOf(outputs.similarity).data;
    similarity = Array.from(perBlock, (value, i) => (similarity[i] ?? 0) + value * samples.length);
    samples.forEach((sample, b) => {
      const { mask, original: target } = sample;
      const classes = classesOf(sample);
      const cam = planesOf(outputs.cam, b);
      const camAux = planesOf(outputs.camAux, b);
      const planeClasses = Array.from({ length: cam.channels }, (_, m) => classes[m] ?? -1);
      const predictions = {
        cam: labelsOfCam(cam, { size: target, classes: planeClasses, threshold }),
        camAux: labelsOfCam(camAux, { size: target, classes: planeClasses, threshold }),
        seg: labelsOfLogits(planesOf(outputs.segLogits, b), target),
      };
      for (const key of mask ? (['cam', 'camAux', 'seg'] as const) : []) {
        countPixels(matrices[key], { truth: mask!.data, prediction: predictions[key] }, { ignoreIndex });
      }
      const { data: logits } = arrayOf(outputs.clsLogits);
      f1 += f1Score(logits.slice(b * numClasses, (b + 1) * numClasses), sample.labels);
      onPanel?.({
        sample,
        classes,
        cam,
        camAux,
        seg: predictions.seg,
        iou: mask ? imageIou(mask.data, predictions.seg, numClasses + 1) : Number.NaN,
      });
    });
    done += samples.length;
    progress?.update({ done, total });
  }
  progress?.stop();
  const lacking = formatLeftOut(leftOut, { list: list.name, total });
  if (done === 0)
    throw new Error(
      `No image can be validated on. ${lacking} Correct these files (toco check names all of them).`,
    );
  if (lacking !== undefined) print(lacking);
  return {
    cam: intersectionOverUnion(matrices.cam),
    camAux: intersectionOverUnion(matrices.camAux),
    seg: intersectionOverUnion(matrices.seg),
    f1: f1 / done,
    similarity: similarity.map((value) => value / done),
    images: done,
    masks: withMask ? done : 0,
  };
}

async function* batchesOf(
  loader: AsyncIterable<EvaluationSample>,
  size: number,
): AsyncGenerator<EvaluationSample[]> {
  let batch: EvaluationSample[] = [];
  for await (const sample of loader) {
    batch.push(sample);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function feedOf(
  samples: readonly EvaluationSample[],
  { size, numClasses }: { size: number; numClasses: number; batchSize: number },
): Feeds<EvaluationInputs> {
  const length = size * size * 3;
  const images = new Float32Array(samples.length * length);
  const labels = new Float32Array(samples.length * numClasses);
  samples.forEach((sample, b) => {
    images.set(sample.image, b * length);
    labels.set(sample.labels, b * numClasses);
  });
  return {
    images: { data: images, shape: [samples.length, size, size, 3] },
    classes: presentClasses(labels, [samples.length, numClasses]),
  };
}

function classesOf({ labels }: EvaluationSample): number[] {
  return Array.from(labels).flatMap((label, c) => (label > 0 ? [c] : []));
}

function imageIou(truth: Uint8Array, prediction: Uint8Array, numClasses: number): number {
  const matrix = confusionMatrix(numClasses);
  countPixels(matrix, { truth, prediction }, { ignoreIndex });
  return intersectionOverUnion(matrix).mean;
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
