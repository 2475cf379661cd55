import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { filledLines, readTextFile } from '../annotations/text-file.js';
import { UserError } from '@toco/files';

/**
 * The ids of an image list, one per line (`ImageSets/Segmentation/NAME.txt`); of lines with several words the first counts.
 *
 * @throws One line when the file is missing, which names the lists that are there, or when it is empty or repeats an id.
 */
export async function readVocList(root: string, name: string): Promise<string[]> {
  const folder = join(root, 'ImageSets', 'Segmentation');
  const path = join(folder, `${name}.txt`);
  if (!existsSync(path)) {
    const there = (await namesIn(folder)).filter((file) => file.endsWith('.txt'));
    const hint =
      there.length > 0 ? `there are ${there.join(', ')}` : `${root} is not laid out like VOCdevkit/VOC2012`;
    throw new UserError(`${path}: the list does not exist (${hint})`);
  }
  const ids = filledLines(await readTextFile(path)).map((line) => /\S+/.exec(line)![0]);
  if (ids.length === 0) throw new UserError(`${path}: the list is empty`);
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new UserError(`${path}: ${id} is listed twice`);
    seen.add(id);
  }
  return ids;
}

/**
 * Makes sure that the folder holds a file for every id, so that a run does not stop hours later.
 *
 * @throws One line that names the first missing file and counts the others.
 */
export async function requireFiles(folder: string, ids: readonly string[], extension: string): Promise<void> {
  const there = new Set(await namesIn(folder));
  const missing = ids.filter((id) => !there.has(id + extension));
  if (missing.length === 0) return;
  const others = missing.length > 1 ? ` (and ${missing.length - 1} more of ${ids.length})` : '';
  throw new UserError(`${join(folder, missing[0]! + extension)}: the file does not exist${others}`);
}

/** Names in a folder; none when it does not exist. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
