import { basename, join } from 'node:path';
import { download, UserError } from '@toco/files';
import { verifyChecksum } from '@toco/files';
import { fileSize } from '@toco/files';
import type { OnPreparationProgress } from '@toco/files';

/** An archive that a user names: a file, or an address to download it from. */
export interface NamedArchive {
  readonly from: string;
  readonly checksum?: string | undefined;
}

/** Whether an archive is named by an address. */
export function isAddress(from: string): boolean {
  return /^https?:\/\//i.test(from);
}

/** The last part of a path or address. */
export function archiveName(from: string): string {
  if (!isAddress(from)) return basename(from);
  const name = basename(decodeURIComponent(new URL(from).pathname)).replaceAll(/[^\w.-]/g, '_');
  return /^\.*$/.test(name) ? 'archive' : name;
}

/**
 * The archive as a file, downloaded where it is named by an address; its checksum is verified where one is given.
 *
 * @throws One line when it is not there, can't be fetched, or is another one.
 */
export async function obtainArchive(
  { from, checksum }: NamedArchive,
  folder: string,
  {
    onProgress,
    signal,
  }: { onProgress?: OnPreparationProgress | undefined; signal?: AbortSignal | undefined },
): Promise<string> {
  const name = archiveName(from);
  if (!isAddress(from)) {
    const total = await requireArchive(from);
    if (checksum !== undefined) {
      await verifyChecksum(from, checksum, (done) =>
        onProgress?.({ stage: `checking ${name}`, done, total, unit: 'bytes' }),
      );
    }
    return from;
  }
  const path = join(folder, name);
  if ((await fileSize(path)) === undefined) {
    const onBytes = (done: number, total = done): void =>
      onProgress?.({ stage: `downloading ${name}`, done, total, unit: 'bytes' });
    await download(from, path, { checksum, onBytes, signal });
  }
  return path;
}

/**
 * Bytes of an archive in a file.
 *
 * @throws One line when there is none.
 */
export async function requireArchive(path: string): Promise<number> {
  const size = await fileSize(path);
  if (size === undefined) throw new UserError(`${path}: the archive does not exist`);
  return size;
}

/** What tells an archive from another one, as far as its address or its name and size do. */
export async function archiveIdentity({ from }: NamedArchive): Promise<string> {
  return isAddress(from) ? from : `${basename(from)}, ${(await fileSize(from)) ?? 'no'} bytes`;
}
