import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from './sync-folder.js';
import { UserError } from './user-error.js';

/** Ends the names of files that are not whole yet. */
const unfinished = '.part';

/**
 * Writes a file whole or not at all: the parts go to a temporary file beside it, which takes its name once everything is on
 * the disk. Where writing fails (a full disk), the old file stays as it was and nothing is left beside it.
 *
 * @example
 * await writeWhole('labels.json', [new TextEncoder().encode('{}')]);
 */
export async function writeWhole(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  try {
    await replace(path, parts, { flush: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'ENOSPC' ? 'the disk is full' : message;
    throw new UserError(`${path}: could not be written, what was there before is unchanged: ${reason}`, {
      cause: error,
    });
  }
  // The new name itself must reach the disk too.
  await syncFolder(dirname(path));
}

/**
 * Writes one of many files, each of which can be made again: whole or not there where the process is killed, but what a machine
 * had not brought to its disk when its power failed may be lost. Makes the folder.
 *
 * @throws One line when it can't be written, such as for a full disk.
 */
export async function placeFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replace(path, [bytes], { flush: false });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      await mkdir(dirname(path), { recursive: true });
      return placeFile(path, bytes);
    }
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    const reason = full ? 'the disk is full; free some space and run the same command again' : message;
    throw new UserError(`${path}: ${reason}`, { cause: error });
  }
}

async function replace(
  path: string,
  parts: Iterable<Uint8Array>,
  { flush }: { readonly flush: boolean },
): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}${unfinished}`;
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const part of parts) await file.writeFile(part);
      if (flush) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Whether a name is of what {@link writeWhole} leaves when its process is killed. */
export function isUnfinished(name: string): boolean {
  return /\.\d+-[0-9a-f]{8}\.part$/.test(name);
}

/** Removes what interrupted runs left behind. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter((name) => name.endsWith(unfinished)).map((name) => rm(join(folder, name), { force: true })),
  );
}
