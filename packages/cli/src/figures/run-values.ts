import { loaderThreads } from '@toco/trainer';
import { ignoredLabel, type ListedPhotograph, photographLoader, type SampleList } from '@toco/datasets';
import { counted, createProgress, UserError } from '@toco/files';
import {
  confusionMatrix,
  type ConfusionMatrix,
  countPixels,
  type Protocol,
  segmenter,
  type Segmented,
  type SegmenterOutput,
  validationProtocol,
} from '@toco/segmenter';
import { crfPool } from '../segmenting/crf-pool.js';
import type { OpenModel } from '../segmenting/open-model.js';

/** Images of a list, and who is told. */
export interface ChosenImages {
  readonly list: SampleList;
  readonly indices: readonly number[];
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** What a run says of the chosen images. */
export async function segmentedImages<const O extends SegmenterOutput>(
  { loaded, computes }: OpenModel,
  { list, indices, signal, print }: ChosenImages,
  { protocol, outputs, memory }: { protocol: Protocol; outputs: readonly O[]; memory: number },
): Promise<Segmented<ListedPhotograph, O>[]> {
  const refines = protocol.crf !== undefined && outputs.some((output) => output === 'labels');
  const pool = refines ? crfPool(1, print) : undefined;
  const through = segmenter(loaded.network, loaded.params, {
    ...computes,
    ...{ protocol: refines ? protocol : { ...protocol, crf: undefined }, outputs, batchSize: 1, memory },
    crf: pool?.crf,
  });
  const progress = createProgress('show');
  const results: Segmented<ListedPhotograph, O>[] = [];
  try {
    const photographs = photographLoader(list, {
      ...{ indices, workers: 0, withMask: hasMasks(list, indices) },
      onUnreadable: ({ message }) => {
        throw new UserError(message);
      },
    });
    const onRefused = (_: ListedPhotograph, message: string): never => {
      throw new UserError(message);
    };
    for await (const result of through.segment(photographs, { signal, onRefused })) {
      const { image, leftOut } = result;
      if (leftOut.length > 0)
        print(
          `${image.id}: CRF without ${counted(leftOut.length, 'improbable class', 'improbable classes')}, as memory is short.`,
        );
      results.push(result);
      progress.update({ done: results.length, total: indices.length });
    }
  } finally {
    progress.stop();
    through.dispose();
    await pool?.close();
  }
  return results;
}

/** What is measured over many images, by the protocol of a run's own validations. */
export interface RunStatistics {
  /** Mean cosine of different patch tokens after each block. */
  readonly similarity: readonly number[];
  readonly matrix: ConfusionMatrix | undefined;
  /** Those that could be read. */
  readonly images: number;
}

/** Token similarity over some images, and on demand what is taken for what. */
export async function runStatistics(
  { loaded, computes, config }: OpenModel,
  { list, indices, signal, print }: ChosenImages,
  { confusion }: { readonly confusion: boolean },
): Promise<RunStatistics> {
  const withMask = confusion && hasMasks(list, indices);
  const matrix = withMask ? confusionMatrix(list.classes.length + 1) : undefined;
  const through = segmenter(loaded.network, loaded.params, {
    ...computes,
    ...{
      protocol: validationProtocol(config),
      outputs: ['similarity', ...(matrix ? ['labels' as const] : [])],
    },
  });
  const progress = createProgress('measure');
  let sum: Float64Array | undefined;
  let images = 0;
  try {
    const photographs = photographLoader(list, {
      ...{ indices, workers: loaderThreads(config.data).workers, withMask },
      onUnreadable: ({ message }) => {
        print(`Left out: ${message}`);
      },
    });
    for await (const { similarity, labels, image } of through.segment(photographs, { signal })) {
      sum ??= new Float64Array(similarity.length);
      similarity.forEach((value, block) => (sum![block]! += value));
      if (matrix)
        countPixels(matrix, { truth: image.mask!, prediction: labels }, { ignoreIndex: ignoredLabel });
      progress.update({ done: ++images, total: indices.length });
    }
  } finally {
    progress.stop();
    through.dispose();
  }
  return { similarity: Array.from(sum ?? [], (value) => value / images), matrix, images };
}

function hasMasks(list: SampleList, indices: readonly number[]): boolean {
  return indices.every((index) => list.sample(index).mask !== undefined);
}
