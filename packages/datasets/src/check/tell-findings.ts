import type { Dataset, SampleList } from '../dataset/dataset.js';
import type { Finding } from '../dataset/finding.js';
import { checkLists } from './check-lists.js';
import { checkMasks } from './check-masks.js';
import { UserError } from '@toco/files';

/**
 * The cheap part of `toco check`, before the first iteration: what lists, names and labels say by themselves, and a few masks; no photograph is decoded.
 * Warnings and notes are printed, each kind once.
 *
 * @throws One line where the data can't be meant as they are.
 */
export async function tellFindings(
  data: Dataset,
  images: SampleList,
  print: (line: string) => void,
): Promise<void> {
  const { train, val } = data.lists;
  const validation = train === val ? undefined : await data.list(val);
  const found: Finding[] = [
    ...(data.findings ?? []),
    ...checkLists(data.classes, { train: images, val: validation }),
    ...(validation === undefined ? [] : await checkMasks(validation)),
  ];
  for (const { kind, message } of found) {
    if (kind === 'note') print(`Note: ${message}.`);
    if (kind === 'warning') print(`Warning: ${message}.`);
  }
  const errors = found.filter(({ kind }) => kind === 'error');
  const [first] = errors;
  if (first === undefined) return;
  for (const { message } of errors.slice(1)) print(`ERROR: ${message}.`);
  throw new UserError(`${first.message}.`);
}
