import { constants, statSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '@toco/files';

/** Makes the folder that a report shall lie in: what is wrong with its path is told before hours of work and not after. */
export async function makeReportFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      throw new UserError(`it is a folder`);
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(`${path}: the report can't be written there (${message}); choose another file.`, {
      cause: error,
    });
  }
}
