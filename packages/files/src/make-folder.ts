import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UserError } from './user-error.js';

/**
 * Makes the folder that a command writes into, and those around it, unless it is there.
 *
 * @returns the outermost folder that was made; undefined where all were there
 * @throws one line where that can't be, such as where a file has its name
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await make(folder);
  } catch (error) {
    throw notMade(folder, error as NodeJS.ErrnoException);
  }
}

/**
 * For what is written after long work: says before it whether {@link makeFolder} would find a file there.
 *
 * @throws the same line
 */
export function assertFolder(folder: string): void {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const found = existsSync(path) ? statSync(path) : undefined;
    if (found?.isDirectory() === false) throw notMade(folder, { code: 'EEXIST', message: '' });
    if (found || path === dirname(path)) return;
  }
}

function notMade(folder: string, cause: Pick<NodeJS.ErrnoException, 'code' | 'message'>): UserError {
  const reason =
    cause.code === 'EEXIST' || cause.code === 'ENOTDIR'
      ? 'a file has its name, or that of a folder around it'
      : cause.message.split(',')[0]!;
  return new UserError(`${folder}: the folder can't be made (${reason}); choose another with --out.`, {
    cause,
  });
}

// Node's own `recursive` never returns where a folder that is there takes no other, such as /proc: the second attempt is the last.
async function make(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder);
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    const around = dirname(folder);
    if (code !== 'ENOENT' || around === folder) throw error;
  }
  const outermost = await make(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another process was faster.
    if (error.code !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
  });
  return outermost ?? folder;
}
