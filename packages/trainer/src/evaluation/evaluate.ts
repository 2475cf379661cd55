import type { Backbone } from '@toco/backbone';
import type { Rgb } from '@toco/core';
import type { Panel } from '@toco/report';
import type { Feeds, Fetched } from '@toco/graph';
import {
  type Evaluation,
  type EvaluationInputs,
  type EvaluationOutputs,
  evaluationTally,
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
  /** Takes a line about images that can't be used, or whose masks can't; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
}

/** How a configuration validates a network on this backbone, during a run and after it. */
export function evaluateOptionsOf(
  { evaluation, data: { workers } }: Config,
  { mean, std }: Backbone,
): EvaluateOptions {
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
    print = printLine,
  } = options;
  const numClasses = list.classes.length;
  const tally = evaluationTally({ numClasses, threshold, ignoreIndex });
  const total = Math.min(limit, list.length);
  if (total === 0) throw new UserError(`The list ${list.name} has no image to validate on.`);
  const withMask = list.sample(0).mask !== undefined;
  const loader = evaluationLoader(list, {
    size,
    workers,
    withMask,
    indices: Array.from({ length: total }, (_, i) => i),
    normalization: { mean, std },
    onUnreadable: (problem) => void leftOut.push(problem),
  });
  const leftOut: { id: string; message: string }[] = [];
  let done = 0;
  const batches = batchesOf(loader, batchSize);
  for await (const samples of batches) {
    if (signal?.aborted) throw new UserError('The validation was interrupted.');
    const outputs = await run(feedOf(samples, { size, numClasses }));
    tally.add(outputs, samples).forEach((prediction, b) => onPanel?.({ sample: samples[b]!, ...prediction }));
    done += samples.length;
    progress?.update({ done, total });
  }
  progress?.stop();
  const lacking = formatLeftOut(leftOut, { list: list.name, total });
  if (done === 0)
    throw new UserError(
      `No image can be validated on. ${lacking} Correct these files (toco check names all of them).`,
    );
  if (lacking !== undefined) print(lacking);
  return tally.result();
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
