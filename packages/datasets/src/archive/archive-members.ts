import { open } from 'node:fs/promises';
import type { ArchiveMember } from './archive-member.js';
import { tarMembers } from './tar-members.js';
import { zipMembers } from './zip-members.js';
import { UserError } from '@toco/files';

/**
 * The members of an archive, whichever of tar, tar packed with gzip and zip it is; told by its first bytes, not by its name.
 *
 * Nothing about the archive is trusted: paths that leave its root, absurd sizes, data cut short and wrong checksums end the
 * iteration with one line. Links are given as members that are no files.
 */
export async function* archiveMembers(path: string): AsyncGenerator<ArchiveMember> {
  const start = await firstBytes(path);
  if (start[0] === 0x1f && start[1] === 0x8b) yield* tarMembers(path, { packed: true });
  else if (start[0] === 0x50 && start[1] === 0x4b) yield* zipMembers(path);
  else yield* tarMembers(path, { packed: false });
}

async function firstBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(2), 0, 2, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'the archive does not exist' : (error as Error).message;
    throw new UserError(`${path}: ${reason}`, { cause: error });
  }
}
