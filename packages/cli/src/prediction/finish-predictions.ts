import { extname, join, resolve } from 'node:path';
import { writeWhole } from '@toco/files';
import { annotationKinds } from '../annotations/annotation-files.js';
import { writeAnnotations } from '../annotations/write-annotations.js';
import { type Journal, kindOfFile, withFiles } from '../journal/journal.js';
import type { NamedPhotograph } from '../photographs/sources.js';
import type { Shard } from '../shards/shard.js';
import { photographOf, suffixOf } from './earlier-photographs.js';
import { scoresPath } from './made-of-predictions.js';
import type { PredictionRow } from './predict-photographs.js';
import { networkKinds } from './saved-outputs.js';
import { stampOf } from './stamp-of.js';

/**
 * Rows of all photographs of a folder whose outputs hold, from this call and the earlier ones, in the order in which they were first
 * named. One that is another photograph by now is left out; one that is gone was what its outputs say.
 */
export async function rowsOfAllCalls(
  { done }: Journal,
  {
    rows,
    photographs,
    out,
  }: {
    /** Those of this call that hold, by their places among its photographs. */
    readonly rows: ReadonlyMap<number, PredictionRow>;
    readonly photographs: readonly NamedPhotograph[];
    readonly out: string;
  },
): Promise<PredictionRow[]> {
  const named = new Set(photographs.map(({ path }) => resolve(path)));
  // One that has had two names comes once.
  const others = new Map<string, PredictionRow>();
  for (const row of done.values() as Iterable<PredictionRow>) {
    const photograph = photographOf(row, out);
    if (!named.has(photograph)) others.set(photograph, row);
  }
  const checked = await Promise.all(
    Array.from(others, async ([photograph, row]) => ({ row, stamp: await stampOf(photograph) })),
  );
  const held = checked.flatMap(({ row, stamp }) => (stamp === '' || stamp === row.stamp ? [row] : []));
  return [...held, ...rows.values()].sort((a, b) => a.number - b.number);
}

const kindsOfNetwork: readonly string[] = networkKinds;

/** Writes `scores.jsonl`: a line a photograph. */
export async function writeScores(
  rows: readonly PredictionRow[],
  { out, shard }: { readonly out: string; readonly shard: Shard },
): Promise<void> {
  const lines = rows.map(({ path, width, height, ms, found, scores, files }) => {
    const ofNetwork = files.filter((file) => kindsOfNetwork.includes(kindOfFile(file)));
    const line = { path, width, height, found, scores, files: ofNetwork, ms };
    return `${JSON.stringify(line)}\n`;
  });
  await writeWhole(join(out, scoresPath(shard)), [new TextEncoder().encode(lines.join(''))]);
}

/**
 * Writes the masks of a folder's photographs in all forms of annotation tools that any call has asked for.
 *
 * @throws one line where it is interrupted
 */
export async function finishPredictions(
  rows: readonly PredictionRow[],
  {
    out,
    shard,
    journal,
    classNames,
    signal,
  }: {
    readonly out: string;
    readonly shard: Shard;
    readonly journal: Journal;
    readonly classNames: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const images = rows
    .filter(({ kinds }) => kinds.includes('masks'))
    .map((row) => ({
      ...{ id: row.name, number: row.number, fileName: `${row.name}${extname(row.path)}` },
      ...{ photograph: photographOf(row, out), width: row.width, height: row.height, has: row.kinds, row },
    }));
  await writeAnnotations(images, {
    ...{ out, classes: classNames, suffix: suffixOf(shard), signal },
    kinds: annotationKinds.filter((kind) => journal.kinds.includes(kind)),
    onImage: ({ row }, files) => journal.add(withFiles(row, files)),
  });
}
