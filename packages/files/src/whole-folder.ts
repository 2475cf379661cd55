import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from './sync-folder.js';

/** Ends of the names of folders that don't count: being written, about to be replaced, being removed. */
const suffixes = { part: '.part', previous: '.previous', removed: '.removed' };

/**
 * Writes a folder whole or not at all: what `write` puts into the one that it is given takes the name once it is through. A
 * folder of the same name is put aside until then, and {@link repairFolders} brings it back where the process was killed in
 * between.
 */
export async function writeFolderWhole(
  folder: string,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  const [temporary, previous] = [`${folder}${suffixes.part}`, `${folder}${suffixes.previous}`];
  await rm(temporary, { recursive: true, force: true });
  try {
    await mkdir(temporary, { recursive: true });
    await write(temporary);
    if (existsSync(folder)) await rename(folder, previous);
    await rename(temporary, folder);
    await syncFolder(dirname(folder));
    await rm(previous, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Removes a folder; killed in the middle, half of it does not look like one. */
export async function removeFolderWhole(folder: string): Promise<void> {
  const removed = `${folder}${suffixes.removed}`;
  await rename(folder, removed);
  await rm(removed, { recursive: true, force: true });
}

/**
 * Tidies what a killed process left in a folder of such folders: what it had not finished writing or removing goes, and one that
 * it had put aside to write it again takes its name back.
 */
export async function repairFolders(parent: string): Promise<void> {
  if (!existsSync(parent)) return;
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const whole = path.slice(0, -suffixes.previous.length);
    if (name.endsWith(suffixes.previous) && !existsSync(whole)) await rename(path, whole);
    else if (Object.values(suffixes).some((suffix) => name.endsWith(suffix))) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
