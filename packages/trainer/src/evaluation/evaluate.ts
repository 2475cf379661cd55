import type { Backbone } from '@toco/backbone';
import type { Rgb } from '@toco/core';
import type { Panel } from '@toco/report';
import type { Feeds, Fetched } from '@toco/graph';
import {
  type Evaluation,
  type EvaluationInputs,
  type EvaluationOutputs,
  evaluationTally,
  mergedEvaluation,
  type TallyCounts,
} from '@toco/segmenter';
import {
  evaluationLoader,
  type EvaluationSample,
  formatLeftOut,
  presentClasses,
  type SampleList,
} from '@toco/datasets';
import { ignoreIndex } from '@toco/method';
import { createProgress, printLine, type Progress, UserError } from '@toco/files';
import type { Config } from '../config/config.js';
import { loaderThreads } from '../data/loader-threads.js';

/** What {@link evaluate} looks at. */
export interface EvaluateOptions {
  /** Side that images are squashed to. */
  readonly size: number;
  /** A CAM above this is its class, else background. */
  readonly threshold: number;
  /** What images are normalised with, of values in `0…1`. */
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly workers: number;
  /** Images per forward pass. */
  readonly batchSize?: number | undefined;
  /** Only the first images. */
  readonly limit?: number | undefined;
  readonly progress?: Progress | undefined;
  /** Called with every image; for reports. */
  readonly onPanel?: ((panel: Panel) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The processes that share the work, each of which gets the figures of all; default: this one alone. */
  readonly among?: SharedEvaluation | undefined;
  /** Told at the end how well each image was segmented, by its place in the list; NaN without a mask. */
  readonly onScores?: ((scores: readonly ImageScore[]) => void) | undefined;
  /** Takes a line about images that can't be used, or whose masks can't; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
}

/** How well an image was segmented. */
export interface ImageScore {
  /** Its place in the list. */
  readonly index: number;
  readonly iou: number;
}

/** Processes that validate together. */
export interface SharedEvaluation {
  /** This process takes every `count`-th batch, from number `index` on. */
  readonly share: { readonly index: number; readonly count: number };
  /** What all of them found, by their index. */
  gather(found: FoundPart): Promise<readonly FoundPart[]>;
}

/** What one process found. */
export interface FoundPart {
  readonly counts: TallyCounts;
  /** `null` for NaN, which JSON does not know. */
  readonly scores: readonly { readonly index: number; readonly iou: number | null }[];
  readonly leftOut: readonly { readonly id: string; readonly message: string }[];
  readonly interrupted: boolean;
}

const alone: SharedEvaluation = {
  share: { index: 0, count: 1 },
  gather: (found) => Promise.resolve([found]),
};

/** How a configuration validates a network on this backbone, during a run and after it. */
export function evaluateOptionsOf({ evaluation, data }: Config, { mean, std }: Backbone): EvaluateOptions {
  const { workers } = loaderThreads(data);
  return { ...evaluation, mean, std, workers, progress: createProgress('validate') };
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
    among = alone,
    onScores,
    print = printLine,
  } = options;
  const { share } = among;
  const numClasses = list.classes.length;
  const tally = evaluationTally({ numClasses, threshold, ignoreIndex });
  const total = Math.min(limit, list.length);
  if (total === 0) throw new UserError(`The list ${list.name} has no image to validate on.`);
  const withMask = list.sample(0).mask !== undefined;
  // Whole batches, so that a forward pass holds the same images however many processes share the work.
  const indices = Array.from({ length: total }, (_, i) => i).filter(
    (i) => Math.floor(i / batchSize) % share.count === share.index,
  );
  const loader = evaluationLoader(list, {
    size,
    workers,
    withMask,
    indices,
    normalization: { mean, std },
    onUnreadable: (problem) => void leftOut.push(problem),
  });
  const leftOut: { id: string; message: string }[] = [];
  const scores: ImageScore[] = [];
  let interrupted = false;
  const mine = indices.length;
  // In the loader's order: those before it were either left out or have been given.
  async function* placed(): AsyncGenerator<PlacedSample> {
    let given = 0;
    for await (const sample of loader) yield { sample, index: indices[leftOut.length + given++]! };
  }
  for await (const batch of batchesOf(placed(), batchSize)) {
    interrupted = signal?.aborted ?? false;
    if (interrupted) break;
    const samples = batch.map(({ sample }) => sample);
    const outputs = await run(feedOf(samples, { size, numClasses }));
    tally.add(outputs, samples, batch[0]!.index).forEach((prediction, b) => {
      scores.push({ index: batch[b]!.index, iou: prediction.iou });
      onPanel?.({ sample: samples[b]!, ...prediction });
    });
    progress?.update({ done: scores.length, total: mine });
  }
  progress?.stop();
  const parts = await among.gather({
    counts: tally.counts(),
    scores: scores.map(({ index, iou }) => ({ index, iou: Number.isNaN(iou) ? null : iou })),
    ...{ leftOut, interrupted },
  });
  if (parts.some((part) => part.interrupted)) throw new UserError('The validation was interrupted.');
  const done = parts.flatMap((part) => part.scores).sort((a, b) => a.index - b.index);
  const without = parts.flatMap((part) => part.leftOut);
  const lacking = formatLeftOut(without, { list: list.name, total });
  if (done.length === 0)
    throw new UserError(
      `No image can be validated on. ${lacking} Correct these files (toco check names all of them).`,
    );
  if (lacking !== undefined) print(lacking);
  onScores?.(done.map(({ index, iou }) => ({ index, iou: iou ?? Number.NaN })));
  return mergedEvaluation(
    parts.map(({ counts }) => counts),
    numClasses,
  );
}

interface PlacedSample {
  readonly sample: EvaluationSample;
  /** Its place in the list. */
  readonly index: number;
}

async function* batchesOf(loader: AsyncIterable<PlacedSample>, size: number): AsyncGenerator<PlacedSample[]> {
  let batch: PlacedSample[] = [];
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
  { size, numClasses }: { size: number; numClasses: number },
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
