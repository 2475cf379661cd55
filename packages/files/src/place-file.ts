import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Ends the names of files that are not whole yet. */
const unfinished = '.part';

/**
 * Writes a file that has its name only once it is whole, so that a run that was ended at any moment leaves nothing half-written
 * behind that a later one takes for whole.
 *
 * @throws One line when it can't be written, such as for a full disk.
 */
export async function placeFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}${unfinished}`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      await mkdir(dirname(path), { recursive: true });
      return placeFile(path, bytes);
    }
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    const reason = full ? 'the disk is full; free some space and run the same command again' : message;
    throw new Error(`${path}: ${reason}`, { cause: error });
  }
}

/** Bytes of a file; undefined where there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

/** Removes what interrupted runs left behind. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter((name) => name.endsWith(unfinished)).map((name) => rm(join(folder, name), { force: true })),
  );
}
