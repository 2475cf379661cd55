import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ListedPhotograph, photographLoader, sampleList } from '@toco/datasets';
import { counted, placeFile, type Progress } from '@toco/files';
import { type Protocol } from '@toco/segmenter';
import { annotationKinds, maskPath } from '../annotations/annotation-files.js';
import {
  type JournalHead,
  type JournalRow,
  kindOfFile,
  openJournal,
  removeFiles,
  withFiles,
} from '../journal/journal.js';
import type { NamedPhotograph } from '../photographs/sources.js';
import { finishingPool } from '../segmenting/finishing-pool.js';
import type { OpenModel } from '../segmenting/open-model.js';
import { segmenterOf } from '../segmenting/segmenter-of.js';
import { keyOfName, pathFrom, photographOf, predictionJournal } from './earlier-photographs.js';
import { finishPredictions, rowsOfAllCalls, writeScores } from './finish-predictions.js';
import { madeOfPredictions } from './made-of-predictions.js';
import { encodingMemory, filesOf, networkKinds, outputsFor, type SavedKind } from './saved-outputs.js';
import { stampOf } from './stamp-of.js';

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
  /** Of its journal. */
  readonly head: JournalHead;
  /** What photographs of other parts of the call are called. */
  readonly otherNames: readonly string[];
  /** Turn photographs as their orientation tags say. */
  readonly upright: boolean;
}

/** How much of the machine it may take, and who is told. */
export interface PredictionMeans {
  readonly again: boolean;
  readonly workers: number;
  /** Threads that finish photographs beside the network's passes. */
  readonly finishThreads: number;
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
  /** Its place among those of all calls, from 1, which it keeps. */
  readonly number: number;
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
  const { again, workers, finishThreads, memory, signal, print, onKnown, onRow, onSkipped, progress } = means;
  const { model, photographs, protocol, classNames, kinds, out, head, otherNames, upright } = task;
  const { shard } = head;
  const keyOf = (row: JournalRow): string => keyOfName((row as PredictionRow).name);
  const named = new Set(photographs.map(({ name }) => keyOfName(name)));
  const others = new Set(otherNames.map(keyOfName));
  const journal = await openJournal(join(out, predictionJournal(shard)), head, {
    ...{ again, print, keyOf },
    isKept: (row) => !again || !named.has(keyOf(row)),
    isLeft: (row) => others.has(keyOf(row)),
    madeOf: (made, _, { index, count }) => madeOfPredictions(made, { index, count }),
  });
  const stamps = await Promise.all(photographs.map(({ path }) => stampOf(path)));
  const asked = networkKinds.filter((kind) => kinds.includes(kind));
  const known = photographs.map(({ path, name }) => {
    const key = keyOfName(name);
    const row = (journal.done.get(key) ?? journal.dropped.get(key)) as PredictionRow | undefined;
    return row !== undefined && photographOf(row, out) === resolve(path) ? row : undefined;
  });
  // What was made of a photograph that is another one now holds no more.
  const valid = known.map((row, i) =>
    row?.stamp === stamps[i] && journal.done.has(keyOf(row!)) ? row : undefined,
  );
  const rows = new Map<number, PredictionRow>();
  for (const [i, row] of valid.entries())
    if (row !== undefined && asked.every((kind) => row.kinds.includes(kind)))
      // Its place and path are those of this call.
      rows.set(i, { ...row, index: i, path: photographs[i]!.path });
  // In the order in which they were first named, interrupted or not.
  const numbers = [...journal.done.values(), ...journal.dropped.values()] as PredictionRow[];
  let last = numbers.reduce((most, { number }) => (number > most ? number : most), 0);
  const numberOf = known.map((row) => row?.number ?? ++last);
  const before = rows.size;
  const left = photographs.flatMap((_, i) => (rows.has(i) ? [] : [i]));
  // One that is gone through again is written as all that it was written as: its files are of one pass.
  const kindsOf = (i: number): SavedKind[] =>
    networkKinds.filter((kind) => asked.includes(kind) || valid[i]?.kinds.includes(kind));
  const allKinds = networkKinds.filter((kind) => left.some((i) => kindsOf(i).includes(kind)));
  if (before > 0) print(`${before} of ${counted(photographs.length, 'photograph')} are done already.`);
  for (const row of rows.values()) onKnown(row);

  const skipped: { index: number; message: string }[] = [];
  const tell = (): void => progress.update({ done: rows.size + skipped.length, total: photographs.length });
  const pool = finishingPool({
    ...{ threads: finishThreads, images: left.length },
    ...{ refines: protocol.crf !== undefined, print },
  });
  const through = segmenterOf(model, {
    ...{ protocol, outputs: outputsFor(allKinds), ...pool.segmenting, memory },
    further: (image) => encodingMemory(image, { kinds: allKinds, numClasses: classNames.length }),
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
  const stale = (): string[] => madeOfPredictions(journal.kinds, shard);
  const all = (): Promise<PredictionRow[]> => {
    // What could not be read now, or was not reached, still has what it had.
    const held = valid.flatMap((row, i) => (row === undefined ? [] : [[i, row] as const]));
    return rowsOfAllCalls(journal, { rows: new Map([...held, ...rows]), photographs, out });
  };
  const onRefused = ({ index }: { readonly index: number }, message: string): void =>
    skip({ index, message });
  let then = performance.now();
  try {
    for await (const result of through.segment(readable(), { signal, onRefused })) {
      const { image, labels, scores, leftOut } = result;
      const { index, width, height } = image;
      const { path, name } = photographs[index]!;
      const old = journal.done.get(keyOfName(name)) as PredictionRow | undefined;
      const kept = valid[index];
      // Before its files are written over, so that whenever the process is killed nothing stale is left that nobody knows.
      if (kept === undefined && old !== undefined) await removeFiles(out, [...old.files, ...stale()]);
      const files: string[] = [];
      let sameMask = kept?.kinds.includes('masks') === true;
      for await (const file of filesOf(
        { ...image, ...result },
        { name, kinds: kindsOf(index), classNames },
      )) {
        const path = join(out, file.path);
        if (sameMask && file.path === maskPath(name))
          sameMask = Buffer.compare(file.bytes, await readFile(path)) === 0;
        await placeFile(path, file.bytes);
        files.push(file.path);
      }
      if (kept !== undefined) {
        const unmade = kept.files.filter(
          (file) => !files.includes(file) && !(sameMask && isAnnotation(file)),
        );
        await removeFiles(out, [...unmade, ...(sameMask ? [] : stale())]);
        files.push(...kept.files.filter((file) => !unmade.includes(file)));
      }
      const now = performance.now();
      const blank = {
        ...{ index, files: [], kinds: kindsOf(index), number: numberOf[index]! },
        ...{ path, photograph: pathFrom(out, path), name, stamp: stamps[index]! },
        ...{ width, height, ms: Math.round(now - then) },
        leftOut: leftOut.map((label) => classNames[label - 1]!),
        found: foundIn(labels, scores, classNames),
        scores: Object.fromEntries(classNames.map((one, c) => [one, rounded(scores[c]!)])),
      };
      const row: PredictionRow = withFiles(blank, files);
      then = now;
      await journal.add(row);
      rows.set(index, row);
      onRow(row, rows.size + skipped.length);
      tell();
    }
  } finally {
    progress.stop();
    through.dispose();
    await pool.close();
    if (journal.kinds.includes('scores')) await writeScores(await all(), { out, shard });
  }
  const interrupted = rows.size + skipped.length < photographs.length;
  const isChanged = rows.size > before;
  if (!interrupted && (isChanged || annotationKinds.some((kind) => kinds.includes(kind))))
    await finishPredictions(await all(), { out, shard, journal, classNames, signal });
  return { done: rows.size, before, skipped: skipped.sort((a, b) => a.index - b.index), interrupted };
}

function isAnnotation(file: string): boolean {
  return (annotationKinds as readonly string[]).includes(kindOfFile(file));
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
