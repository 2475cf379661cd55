import { join } from 'node:path';
import { loaderThreads } from '@toco/trainer';
import { ignoredLabel, type ListedPhotograph, photographLoader, type SampleList } from '@toco/datasets';
import { appendJsonLines, counted, createProgress, makeFolder, repairJsonLines } from '@toco/files';
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
import { finishingPool } from '../segmenting/finishing-pool.js';
import type { OpenModel } from '../segmenting/open-model.js';
import { firstOf } from '../shards/first-of.js';
import { settingsHash, shortName } from '../shards/hashes.js';
import { listHash, sizeStamps } from '../shards/list-hash.js';

/** Images of a list, and who is told. */
export interface ChosenImages {
  readonly list: SampleList;
  readonly indices: readonly number[];
  /** Why images can't be shown, by their places; what is found to be so is added, and no run looks at it again. */
  readonly skipped: Map<number, string>;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** What a run says of the chosen images, but for those that can't be read or would take too much memory. */
export async function segmentedImages<const O extends SegmenterOutput>(
  { loaded, computes }: OpenModel,
  { list, indices, skipped, signal, print }: ChosenImages,
  { protocol, outputs, memory }: { protocol: Protocol; outputs: readonly O[]; memory: number },
): Promise<Segmented<ListedPhotograph, O>[]> {
  const left = indices.filter((index) => !skipped.has(index));
  const refines = protocol.crf !== undefined && outputs.some((output) => output === 'labels');
  const pool = finishingPool({ threads: 1, images: left.length, refines, print });
  const through = segmenter(loaded.network, loaded.params, {
    ...computes,
    ...{ protocol: refines ? protocol : { ...protocol, crf: undefined }, outputs, batchSize: 1, memory },
    ...pool.segmenting,
  });
  const progress = createProgress('show');
  const results: Segmented<ListedPhotograph, O>[] = [];
  let done = 0;
  const tell = (): void => progress.update({ done: ++done, total: left.length });
  const skip = (index: number, message: string): void => {
    skipped.set(index, message);
    tell();
  };
  try {
    const photographs = photographLoader(list, {
      ...{ indices: left, workers: 0, withMask: hasMasks(list, left) },
      onUnreadable: ({ index, message }) => skip(index, message),
    });
    const onRefused = ({ index }: ListedPhotograph, message: string): void => skip(index, message);
    for await (const result of through.segment(photographs, { signal, onRefused })) {
      const { image, leftOut } = result;
      if (leftOut.length > 0)
        print(
          `${image.id}: CRF without ${counted(leftOut.length, 'improbable class', 'improbable classes')}, as memory is short.`,
        );
      results.push(result);
      tell();
    }
  } finally {
    progress.stop();
    through.dispose();
    await pool.close();
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

/** What is measured of an image. */
interface MeasuredRow {
  readonly index: number;
  /** Bytes of the photograph: another one of that name is measured anew. */
  readonly stamp?: number | undefined;
  readonly similarity: readonly number[];
  /** Entries of the confusion matrix that have pixels, each with their number. */
  readonly pixels?: readonly (readonly [entry: number, count: number])[] | undefined;
}

/**
 * Token similarity over the first images of a list, and on demand what is taken for what. What is measured is kept in the folder
 * `out`: a call that was interrupted goes on there.
 */
export async function runStatistics(
  { loaded, computes, config, checkpoint, precision, compiled }: OpenModel,
  { list, indices, skipped, signal, print }: ChosenImages,
  { confusion, out }: { readonly confusion: boolean; readonly out: string },
): Promise<RunStatistics> {
  const withMask = confusion && hasMasks(list, indices);
  const numClasses = list.classes.length + 1;
  const protocol = validationProtocol(config);
  const hashes = {
    checkpoint,
    list: await listHash(firstOf(list, indices.length), { masks: withMask, signal }),
    settings: settingsHash({ protocol, withMask, precision, compiled }),
  };
  const stamps = await sizeStamps(list, indices, { signal });
  await makeFolder(out);
  const path = join(out, `measured-${shortName(hashes)}.jsonl`);
  const isKept = ({ index, stamp }: MeasuredRow): boolean => stamp === stamps.get(index);
  const kept = await repairJsonLines(path, { rowOf: measuredRow, isKept }, print);
  const measured = new Map(kept.map((row) => [row.index, row]));
  if (kept.length > 0) print(`${measured.size} of ${counted(indices.length, 'image')} are measured already.`);
  const left = indices.filter((index) => !measured.has(index) && !skipped.has(index));
  const through = segmenter(loaded.network, loaded.params, {
    ...computes,
    ...{ protocol, outputs: ['similarity', ...(withMask ? ['labels' as const] : [])] },
  });
  const progress = createProgress('measure');
  let done = indices.length - left.length;
  const tell = (): void => progress.update({ done: ++done, total: indices.length });
  try {
    const photographs = photographLoader(list, {
      ...{ indices: left, workers: loaderThreads(config.data).workers, withMask },
      onUnreadable: ({ index, message }) => {
        skipped.set(index, message);
        tell();
      },
    });
    for await (const { similarity, labels, image } of through.segment(photographs, { signal })) {
      const matrix = withMask ? confusionMatrix(numClasses) : undefined;
      if (matrix)
        countPixels(matrix, { truth: image.mask!, prediction: labels }, { ignoreIndex: ignoredLabel });
      const { index } = image;
      const row: MeasuredRow = {
        ...{ index, stamp: stamps.get(index), similarity: Array.from(similarity) },
        pixels: matrix && [...matrix.counts.entries()].filter(([, count]) => count > 0),
      };
      await appendJsonLines(path, [row]);
      measured.set(index, row);
      tell();
    }
  } finally {
    progress.stop();
    through.dispose();
  }
  const rows = indices.flatMap((index) => measured.get(index) ?? []);
  const blocks = rows[0]?.similarity ?? [];
  const matrix = withMask && rows.length > 0 ? confusionMatrix(numClasses) : undefined;
  for (const { pixels = [] } of rows) for (const [entry, count] of pixels) matrix!.counts[entry]! += count;
  return {
    similarity: blocks.map((_, b) => rows.reduce((sum, row) => sum + row.similarity[b]!, 0) / rows.length),
    ...{ matrix, images: rows.length },
  };
}

function measuredRow(value: unknown): MeasuredRow | undefined {
  return typeof value === 'object' && value !== null && 'similarity' in value
    ? (value as MeasuredRow)
    : undefined;
}

function hasMasks(list: SampleList, indices: readonly number[]): boolean {
  return indices.every((index) => list.sample(index).mask !== undefined);
}
