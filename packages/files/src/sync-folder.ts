import { open } from 'node:fs/promises';

/** Brings new names in a folder to the disk, where the system allows a folder to be synchronized. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Not every file system can; what was renamed is whole in any case.
  }
}
