import { stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { type ListedPhotograph, photographLoader, sampleList } from '@toco/datasets';
import { counted, placeFile, type Progress, writeWhole } from '@toco/files';
import { type Protocol } from '@toco/segmenter';
import { annotationKinds, writeAnnotations } from '../annotations/write-annotations.js';
import { openJournal, type JournalRow } from '../journal/journal.js';
import type { NamedPhotograph } from '../photographs/sources.js';
import { crfPool } from '../segmenting/crf-pool.js';
import type { OpenModel } from '../segmenting/open-model.js';
import { segmenterOf } from '../segmenting/segmenter-of.js';
import type { Hashes } from '../shards/hashes.js';
import type { Shard } from '../shards/shard.js';
import { keyOfName, pathFrom, photographOf, predictionJournal, suffixOf } from './earlier-photographs.js';
import { encodingMemory, filesOf, outputsFor, type SavedKind } from './saved-outputs.js';

/** What is predicted, and where it goes. */
export interface PredictionTask {
  readonly model: OpenModel;
  readonly photographs: readonly NamedPhotograph[];
  readonly protocol: Protocol;
  /** Names of the foreground classes. */
  readonly classNames: readonly string[];
  readonly kinds: readonly SavedKind[];
  /** Folder of the outputs. */
  readonly out: string;
  readonly shard: Shard;
  readonly hashes: Hashes;
  /** Turn photographs as their orientation tags say. */
  readonly upright: boolean;
}

/** How much of the machine it may take, and who is told. */
export interface PredictionMeans {
  readonly again: boolean;
  readonly workers: number;
  readonly crfThreads: number;
  readonly memory: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Told of those that are done already, before the first new one. */
  readonly onKnown: (row: PredictionRow) => void;
  /** Told of every new photograph when its files are there, and how many are through then. */
  readonly onRow: (row: PredictionRow, done: number) => void;
  readonly onSkipped: (problem: { readonly path: string; readonly message: string }) => void;
  /** Shown how far it is. */
  readonly progress: Progress;
}

/** What is known of a photograph that is done; a line of `scores.jsonl`. */
export interface PredictionRow extends JournalRow {
  /** As it was named. */
  readonly path: string;
  /** The photograph from the folder of outputs on: the same from wherever the command is called. */
  readonly photograph: string;
  /** What its outputs are called. */
  readonly name: string;
  /** Bytes and time of change of the photograph: another one of that name is predicted anew. */
  readonly stamp: string;
  readonly width: number;
  readonly height: number;
  /** Since the photograph before it. */
  readonly ms: number;
  /** Classes that the CRF left out, as memory did not suffice for them and they are improbable everywhere; mostly none. */
  readonly leftOut: readonly string[];
  /** Classes that have pixels, the largest first. */
  readonly found: readonly { readonly name: string; readonly score: number; readonly pixels: number }[];
  /** How probable it is that the photograph shows a class, by name. */
  readonly scores: Readonly<Record<string, number>>;
}

/** How a prediction ended. */
export interface PredictionEnd {
  readonly done: number;
  /** How many of them had been done before. */
  readonly before: number;
  readonly skipped: readonly { readonly message: string }[];
  readonly interrupted: boolean;
}

/** Segments photographs and writes what is asked for; those that are done already are passed over. */
export async function predictPhotographs(
  task: PredictionTask,
  means: PredictionMeans,
): Promise<PredictionEnd> {
  const { again, workers, crfThreads, memory, signal, print, onKnown, onRow, onSkipped, progress } = means;
  const { model, photographs, protocol, classNames, kinds, out, shard, hashes, upright } = task;
  const suffix = suffixOf(shard);
  const head = {
    command: 'predict',
    shard,
    hashes,
    images: photographs.length,
    about: { classes: classNames },
  };
  const keyOf = (row: JournalRow): string => keyOfName((row as PredictionRow).name);
  const journal = await openJournal(join(out, predictionJournal(shard)), head, { again, print, keyOf });
  const stamps = await Promise.all(photographs.map(({ path }) => stampOf(path)));
  const rows = new Map<number, PredictionRow>();
  photographs.forEach(({ path, name }, i) => {
    const row = journal.done.get(keyOfName(name)) as PredictionRow | undefined;
    if (row === undefined || row.stamp !== stamps[i] || photographOf(row, out) !== resolve(path)) return;
    // Its place and path are those of this call.
    rows.set(i, { ...row, index: i, path });
  });
  const before = rows.size;
  const left = photographs.flatMap((_, i) => (rows.has(i) ? [] : [i]));
  if (before > 0) print(`${before} of ${counted(photographs.length, 'photograph')} are done already.`);
  for (const row of rows.values()) onKnown(row);

  const skipped: { index: number; message: string }[] = [];
  const tell = (): void => progress.update({ done: rows.size + skipped.length, total: photographs.length });
  const pool = protocol.crf === undefined ? undefined : crfPool(crfThreads, print);
  const through = segmenterOf(model, {
    ...{ protocol, outputs: outputsFor(kinds), crf: pool?.crf, crfsAtOnce: pool?.atOnce, memory },
    further: (image) => encodingMemory(image, { kinds, numClasses: classNames.length }),
  });
  const list = sampleList(
    'photographs',
    classNames,
    photographs.map(({ path }) => ({ id: path, image: { path }, labels: new Uint8Array(classNames.length) })),
  );
  const skip = (problem: { readonly index: number; readonly message: string }): void => {
    skipped.push(problem);
    onSkipped({ path: photographs[problem.index]!.path, message: problem.message });
    tell();
  };
  async function* readable(): AsyncGenerator<Omit<ListedPhotograph, 'labels'>> {
    const loader = photographLoader(list, { indices: left, workers, upright, onUnreadable: skip });
    // Without labels: what it shows is told by the scores.
    for await (const { index, id, width, height, data } of loader) yield { index, id, width, height, data };
  }
  const onRefused = ({ index }: { readonly index: number }, message: string): void =>
    skip({ index, message });
  let last = performance.now();
  try {
    for await (const result of through.segment(readable(), { signal, onRefused })) {
      const { image, labels, scores, leftOut } = result;
      const { index, width, height } = image;
      const { path, name } = photographs[index]!;
      const files: string[] = [];
      for await (const file of filesOf({ ...image, ...result }, { name, kinds, classNames })) {
        await placeFile(join(out, file.path), file.bytes);
        files.push(file.path);
      }
      const now = performance.now();
      const row: PredictionRow = {
        ...{ index, files, path, photograph: pathFrom(out, path), name, stamp: stamps[index]! },
        ...{ width, height, ms: Math.round(now - last) },
        leftOut: leftOut.map((label) => classNames[label - 1]!),
        found: foundIn(labels, scores, classNames),
        scores: Object.fromEntries(classNames.map((one, c) => [one, rounded(scores[c]!)])),
      };
      last = now;
      await journal.add(row);
      rows.set(index, row);
      onRow(row, rows.size + skipped.length);
      tell();
    }
  } finally {
    progress.stop();
    through.dispose();
    await pool?.close();
    if (kinds.includes('scores')) {
      const named = new Set(photographs.map(({ path }) => resolve(path)));
      const others = new Map<string, PredictionRow>();
      for (const row of journal.done.values() as Iterable<PredictionRow>)
        if (!named.has(photographOf(row, out))) others.set(photographOf(row, out), row);
      const ours = [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
      await writeScores(join(out, `scores${suffix}.jsonl`), [...others.values(), ...ours]);
    }
  }
  const interrupted = rows.size + skipped.length < photographs.length;
  if (!interrupted) {
    const images = [...rows]
      .sort(([a], [b]) => a - b)
      .map(([, { name, path, width, height }]) => ({
        ...{ id: name, photograph: path, width, height },
        fileName: `${name}${extname(path)}`,
      }));
    const annotations = annotationKinds.filter((kind) => kinds.includes(kind));
    await writeAnnotations(images, { out, classes: classNames, suffix, kinds: annotations });
  }
  return { done: rows.size, before, skipped: skipped.sort((a, b) => a.index - b.index), interrupted };
}

async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? '' : `${found.size} ${Math.floor(found.mtimeMs)}`;
}

/** The classes of a label map, the largest first. */
function foundIn(
  labels: Uint8Array,
  scores: ArrayLike<number>,
  names: readonly string[],
): PredictionRow['found'] {
  const pixels = new Float64Array(names.length + 1);
  for (const label of labels) pixels[label]!++;
  return names
    .map((name, c) => ({ name, score: rounded(scores[c]!), pixels: pixels[c + 1]! }))
    .filter((one) => one.pixels > 0)
    .sort((a, b) => b.pixels - a.pixels);
}

function rounded(score: number): number {
  return Math.round(score * 1e4) / 1e4;
}

/** A line a photograph: those of earlier calls, then those of this one in the order in which they were named. */
async function writeScores(path: string, rows: readonly PredictionRow[]): Promise<void> {
  const lines = rows.map(({ path: photograph, width, height, ms, found, scores, files }) => {
    const line = { path: photograph, width, height, found, scores, files, ms };
    return `${JSON.stringify(line)}\n`;
  });
  await writeWhole(path, [new TextEncoder().encode(lines.join(''))]);
}
