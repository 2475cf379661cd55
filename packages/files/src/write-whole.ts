import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.js';

/**
 * Writes a file whole or not at all: the parts go to a temporary file beside it, which takes its name once everything is on
 * the disk. Where writing fails (a full disk), the old file stays as it was and nothing is left beside it.
 *
 * @example
 * await writeWhole('labels.json', [new TextEncoder().encode('{}')]);
 */
export async function writeWhole(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'ENOSPC' ? 'the disk is full' : message;
    throw new Error(`${path}: could not be written, what was there before is unchanged: ${reason}`, {
      cause: error,
    });
  }
  // The new name itself must reach the disk too.
  await syncFolder(dirname(path));
}

/** Whether a name is of what {@link writeWhole} leaves when its process is killed. */
export function isUnfinished(name: string): boolean {
  return /\.\d+-[0-9a-f]{8}\.part$/.test(name);
}
