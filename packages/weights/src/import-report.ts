import type { ImportReport } from '@toco/backbone';

/** Names that are listed before the rest is counted. */
const shown = 8;

/** `none`, or the names, the first ones of many. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const rest = names.length > shown ? ` and ${names.length - shown} more` : '';
  return names.slice(0, shown).join(', ') + rest;
}

/** What became of the arrays of a checkpoint, in one line. */
export function formatImportReport({ matched, missing, leftOver, resized }: ImportReport): string {
  const adapted = resized.length > 0 ? ` (resized ${listNames(resized)})` : '';
  return `${matched.length} arrays matched${adapted}, missing ${listNames(missing)}, left over ${listNames(leftOver)}`;
}
