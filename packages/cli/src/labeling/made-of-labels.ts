import { annotationKinds, annotationPath, sharedPaths } from '../annotations/annotation-files.js';
import type { JournalRow } from '../journal/journal.js';
import type { LabelRow } from './label-part.js';

/** Names of the lists of masks. */
export const labelLists = { mmsegmentation: 'list.txt', deeplab: 'list-deeplab.txt' } as const;

/** Paths of what is made of the masks of rows, and of all masks together: stale when one of them is. */
export function madeOfLabels(kinds: readonly string[], rows: readonly JournalRow[]): string[] {
  const known = annotationKinds.filter((kind) => kinds.includes(kind));
  const own = rows.flatMap((row) =>
    known.flatMap((kind) => annotationPath(kind, (row as LabelRow).id) ?? []),
  );
  return [...Object.values(labelLists), ...known.flatMap((kind) => sharedPaths(kind, '')), ...own];
}
