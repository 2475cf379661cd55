import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { readableBytes } from './readable-bytes.js';
import { UserError } from './user-error.js';

/**
 * Makes sure that a folder's disk has room before work begins; makes the folder.
 *
 * @throws One line with what is needed and what is free.
 */
export async function requireFreeSpace(folder: string, bytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  assertRoom(folder, bytes, await freeSpace(folder));
}

/** Bytes that are free on a folder's disk. */
export async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** {@link requireFreeSpace} for a folder whose free bytes are known. */
export function assertRoom(folder: string, bytes: number, free: number): void {
  if (free < bytes) {
    throw new UserError(
      `${folder}: ${readableBytes(bytes)} are needed, ${readableBytes(free)} are free; make room or choose another folder`,
    );
  }
}

/** What is left free for everybody else by a file of unknown size. */
const reserve = 1e9;

/** Bytes that a file of unknown size may take of those that are free. */
export function roomWithin(free: number): number {
  return Math.max(0, free - reserve);
}

/** Bytes of the files directly within a folder; 0 where it does not exist. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
