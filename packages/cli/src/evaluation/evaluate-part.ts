import { existsSync } from 'node:fs';
import { ignoredLabel, type ListedPhotograph, photographLoader, type SampleList } from '@toco/datasets';
import { createProgress } from '@toco/files';
import { type EvaluationProtocol, type Protocol, type SegmenterOutput } from '@toco/segmenter';
import { finishingPool } from '../segmenting/finishing-pool.js';
import type { OpenModel } from '../segmenting/open-model.js';
import { segmenterOf } from '../segmenting/segmenter-of.js';
import { settingsHash, type Hashes } from '../shards/hashes.js';
import { sizeStamps } from '../shards/list-hash.js';
import { placesOf, type Shard } from '../shards/shard.js';
import {
  type Column,
  countImage,
  countsOf,
  type EvaluationCounts,
  evaluationCounts,
  type LeftOutImage,
  storedCounts,
} from './counts.js';
import { type EvaluationFile, readEvaluationFile, writeEvaluationFile } from './evaluation-file.js';

/** Milliseconds between two writings of what is counted so far. */
const savedEvery = 10_000;

/** What is evaluated, and how. */
export interface EvaluationTask {
  readonly model: OpenModel;
  readonly list: SampleList;
  readonly withMask: boolean;
  readonly shard: Shard;
  readonly hashes: Hashes;
  readonly protocol: EvaluationProtocol;
  readonly classes: readonly string[];
  /** File that it is written to. */
  readonly path: string;
}

/** How much of the machine it may take, and who is told. */
export interface EvaluationMeans {
  /** Start anew where the file holds something. */
  readonly again: boolean;
  /** Threads that decode. */
  readonly workers: number;
  /** Threads that finish images beside the network's passes. */
  readonly finishThreads: number;
  /** Bytes that an image may take. */
  readonly memory: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** The columns that a protocol gives. */
export function columnsOf({ segmentation: { scales, mirror }, crf }: Protocol): Column[] {
  const several = scales.length > 1 || scales[0] !== 1 || mirror !== 'none';
  return [
    'cam',
    'camAux',
    'single',
    ...(several ? ['fused' as const] : []),
    ...(crf ? ['crf' as const] : []),
  ];
}

/** The hash of everything that changes counts, apart from network and list. */
export function evaluationHash({ protocol, threshold, precision, compiled }: EvaluationProtocol): string {
  return settingsHash({ protocol, threshold, precision, compiled });
}

/** Every hundredth, and the threshold of the table. */
function thresholdsWith(threshold: number): number[] {
  const hundredths = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
  return [...new Set([...hundredths, threshold])].sort((a, b) => a - b);
}

/**
 * Scores the images of a part, or goes on with those that are not scored yet. An interruption leaves a file that the same call
 * goes on from. What was left out is tried again each time: the file may be repaired, or memory free.
 */
export async function evaluatePart(task: EvaluationTask, means: EvaluationMeans): Promise<EvaluationFile> {
  const { model, list, shard, hashes, path, classes, protocol, withMask } = task;
  const { print, signal } = means;
  const places = placesOf(shard, list.length);
  const stamps = await sizeStamps(list, places, { signal });
  const counts = await countsSoFar(task, means, stamps);
  const file = (): EvaluationFile => ({
    ...{ kind: 'toco evaluation 1', network: model.loaded.name, average: model.loaded.average },
    ...{ shard, hashes, images: places.length },
    ...{ protocol, classes, counts: storedCounts(counts) },
  });
  counts.leftOut.length = 0;
  const done = new Set(counts.images.map(({ index }) => index));
  const left = places.filter((place) => !done.has(place));
  if (places.length > 0 && left.length === 0) {
    print(`Already evaluated: ${path}. Use --again to evaluate again.`);
    return file();
  }
  if (done.size > 0) print(`Continuing after ${done.size} of ${places.length} images.`);
  // A folder that can't be written to is told now, not after hours.
  await writeEvaluationFile(path, file());
  // Of more parts than images some are empty; they have files too, or merging would miss them.
  if (left.length === 0) return file();
  const columns = Object.keys(counts.matrices) as Column[];
  const pool = finishingPool({
    ...{ threads: means.finishThreads, images: left.length },
    ...{ refines: protocol.protocol.crf !== undefined, print },
  });
  const through = segmenterOf(model, {
    // Figures that hang on how much memory is free would compare with none.
    protocol: { ...protocol.protocol, mayLeaveOut: false },
    outputs: outputsOf(columns),
    // One image a pass: which ones come together must not matter, or parts would differ from the whole.
    batchSize: 1,
    ...pool.segmenting,
    memory: means.memory,
  });
  const progress = createProgress('evaluate');
  let saved = performance.now();
  const tell = (): void => {
    progress.update({ done: counts.images.length + counts.leftOut.length, total: places.length });
  };
  const leaveOut = (problem: LeftOutImage): void => {
    counts.leftOut.push(problem);
    tell();
  };
  const photographs = photographLoader(list, {
    ...{ indices: left, workers: means.workers, withMask, onUnreadable: leaveOut },
  });
  const onRefused = ({ index, id }: ListedPhotograph, message: string): void =>
    leaveOut({ index, id, message, refused: true });
  try {
    for await (const {
      image,
      classes: planes,
      cam,
      camAux,
      scores,
      similarity,
      ...labels
    } of through.segment(photographs, { signal, onRefused })) {
      const seen = {
        ...{ index: image.index, id: image.id, stamp: stamps.get(image.index) },
        ...{ height: image.height, width: image.width },
        ...{ labels: image.labels, truth: image.mask, classes: planes, cam, camAux, scores, similarity },
        predictions: {
          single: labels.singleLabels,
          ...(columns.includes('fused') && { fused: labels.fusedLabels }),
          ...(columns.includes('crf') && { crf: labels.labels }),
        },
      };
      countImage(counts, seen, { threshold: protocol.threshold, ignoreIndex: ignoredLabel });
      tell();
      if (performance.now() - saved < savedEvery) continue;
      await writeEvaluationFile(path, file());
      saved = performance.now();
    }
  } finally {
    progress.stop();
    through.dispose();
    await writeEvaluationFile(path, file());
    await pool.close();
  }
  return file();
}

function outputsOf(columns: readonly Column[]): SegmenterOutput[] {
  return [
    ...(['cam', 'camAux', 'singleLabels', 'scores', 'similarity'] as const),
    ...(columns.includes('fused') ? ['fusedLabels' as const] : []),
    ...(columns.includes('crf') ? ['labels' as const] : []),
  ];
}

async function countsSoFar(
  { path, protocol, classes, hashes }: EvaluationTask,
  { again, print }: EvaluationMeans,
  stamps: ReadonlyMap<number, number | undefined>,
): Promise<EvaluationCounts> {
  if (!again && existsSync(path)) {
    const old = await readEvaluationFile(path).catch((error: Error) => {
      print(`${error.message} It is evaluated again.`);
      return undefined;
    });
    if (old !== undefined && JSON.stringify(old.hashes) === JSON.stringify(hashes)) {
      // Counts are sums, which one image can't be taken out of.
      const changed = old.counts.images.find(({ index, stamp }) => stamp !== stamps.get(index));
      if (changed === undefined) return countsOf(old.counts);
      print(`${path}: the image ${changed.id} is another one now. All are evaluated again.`);
    }
  }
  return evaluationCounts({
    numClasses: classes.length + 1,
    columns: columnsOf(protocol.protocol),
    thresholds: thresholdsWith(protocol.threshold),
  });
}
