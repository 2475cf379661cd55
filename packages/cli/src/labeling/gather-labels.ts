import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { assertNotAborted, placeFile } from '@toco/files';
import { type Journal, removeFiles } from '../journal/journal.js';
import type { LabelRow } from './label-part.js';

/** A row, and the folder that its files lie in. */
export interface PlacedRow {
  readonly row: LabelRow;
  readonly folder: string;
}

/**
 * Brings the files of parts into one folder, and their rows into the journal of the whole list there.
 *
 * @throws one line where it is interrupted
 */
export async function gatherLabels(
  placed: readonly PlacedRow[],
  { out, journal, signal }: { readonly out: string; readonly journal: Journal; readonly signal: AbortSignal },
): Promise<void> {
  for (const { row, folder } of placed) {
    assertNotAborted(signal);
    const before = journal.done.get(row.index) as LabelRow | undefined;
    if (before !== undefined && (row.skipped !== undefined || before.stamp !== row.stamp))
      await removeFiles(
        out,
        before.files.filter((file) => !row.files.includes(file)),
      );
    if (resolve(folder) !== resolve(out))
      for (const file of row.files) await placeFile(join(out, file), await readFile(join(folder, file)));
    await journal.add(row);
  }
}
