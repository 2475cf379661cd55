import { formatLeftOut, photographLoader, type SampleList } from '@toco/datasets';
import { createProgress, printLine, type Progress, UserError } from '@toco/files';
import { ignoreIndex } from '@toco/method';
import type { Panel } from '@toco/report';
import { type Evaluation, evaluationTally, mergedEvaluation, type TallyCounts } from '@toco/segmenter';
import type { Config } from '../config/config.js';
import { loaderThreads } from '../data/loader-threads.js';
import { validationBatch, type ValidationSegmenter } from './validation-segmenter.js';

/** What {@link evaluate} looks at. */
export interface EvaluateOptions {
  /** A CAM above this is its class, else background. */
  readonly threshold: number;
  readonly workers: number;
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

/** How a configuration validates a network, during a run and after it. */
export function evaluateOptionsOf({
  evaluation,
  data,
}: Pick<Config, 'evaluation' | 'data'>): EvaluateOptions {
  const { threshold, limit } = evaluation;
  const { workers } = loaderThreads(data);
  return { threshold, limit, workers, progress: createProgress('validate') };
}

/**
 * Validates on a list of images (the protocol during training): one confusion matrix over the whole set each for CAM,
 * auxiliary CAM and segmentation, at the masks' own sizes. A list without masks gives F1 and token similarity.
 */
export async function evaluate(
  through: ValidationSegmenter,
  list: SampleList,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const {
    threshold,
    workers,
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
    (i) => Math.floor(i / validationBatch) % share.count === share.index,
  );
  const leftOut: { id: string; message: string }[] = [];
  const scores: ImageScore[] = [];
  const loader = photographLoader(list, {
    ...{ workers, withMask, indices },
    onUnreadable: ({ id, message }) => void leftOut.push({ id, message }),
  });
  for await (const segmented of through.segment(loader, { signal })) {
    const { image: photograph, labels: seg, classes, cam, camAux } = segmented;
    const { index } = photograph;
    const iou = tally.add({ ...segmented, ...photograph, place: index, seg });
    scores.push({ index, iou });
    onPanel?.({ photograph, classes, cam, camAux, seg, iou });
    progress?.update({ done: scores.length, total: indices.length });
  }
  progress?.stop();
  const interrupted = signal?.aborted === true && scores.length + leftOut.length < indices.length;
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
