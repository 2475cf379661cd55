import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { readJsonLines } from '@toco/files';
import type { EarlierPhotograph } from '../photographs/sources.js';
import type { Shard } from '../shards/shard.js';
import type { PredictionRow } from './predict-photographs.js';

/** What the names of a part's files end in. */
export function suffixOf({ index, count }: Shard): string {
  return count === 1 ? '' : `-${index}-of-${count}`;
}

/** Name of the file that says what of a part is there. */
export function predictionJournal(shard: Shard): string {
  return `.predict${suffixOf(shard)}.jsonl`;
}

const anyJournal = /^\.predict(?:-\d+-of-\d+)?\.jsonl$/;

/** Names that differ in case only are one file on some systems. */
export function keyOfName(name: string): string {
  return name.toLowerCase();
}

/** A photograph from the folder of outputs on, as journals name it. */
export function pathFrom(out: string, path: string): string {
  return relative(resolve(out), resolve(path)).replaceAll('\\', '/');
}

/** The photograph of a row from the root on; rows of older versions have the path alone. */
export function photographOf(
  { photograph, path }: Pick<PredictionRow, 'path'> & Partial<PredictionRow>,
  out: string,
): string {
  return photograph === undefined ? resolve(path) : resolve(out, photograph);
}

/** Photographs whose outputs are in a folder, from all calls and parts: what they are called, no other one may be. */
export async function earlierPhotographs(out: string): Promise<EarlierPhotograph[]> {
  // Where there is no such folder, or it is none, whoever writes into it finds out.
  const names = await readdir(out).catch(() => []);
  const photographs: EarlierPhotograph[] = [];
  for (const journal of names.filter((name) => anyJournal.test(name)).sort()) {
    // Damage is told where the journal is opened.
    const rows = await readJsonLines(join(out, journal), rowOf, () => undefined);
    for (const row of rows)
      if (row.files.every((file) => existsSync(join(out, file))))
        photographs.push({ path: photographOf(row, out), name: row.name });
  }
  return photographs;
}

function rowOf(value: unknown): PredictionRow | undefined {
  return typeof value === 'object' && value !== null && 'name' in value
    ? (value as PredictionRow)
    : undefined;
}
