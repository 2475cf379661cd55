import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type JournalHead, journalsIn, readJournal } from '../journal/journal.js';
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

/**
 * Photographs whose outputs are in a folder, from all calls and parts: what they are called, no other one may be.
 *
 * @param isReplaced whether the rows of a journal are about to go, which then keep no name from others
 */
export async function earlierPhotographs(
  out: string,
  isReplaced: (head: JournalHead) => boolean,
): Promise<EarlierPhotograph[]> {
  const photographs: EarlierPhotograph[] = [];
  for (const journal of await journalsIn(out)) {
    // Damage is told where the journal is opened, and so is what another command has written.
    const read = await readJournal(journal, () => undefined).catch(() => undefined);
    if (read?.head.command !== 'predict' || isReplaced(read.head)) continue;
    for (const row of read.rows as PredictionRow[])
      if (row.files.length === 0 || row.files.some((file) => existsSync(join(out, file))))
        photographs.push({ path: photographOf(row, out), name: row.name });
  }
  return photographs;
}
