import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { UserError } from '@toco/files';

/** A file of more bytes is no photograph, mask, list or label file of anybody's. */
const mostBytes = 2 ** 30;

/** What something is that is no ordinary file. */
function kindOf(found: { isDirectory(): boolean; isFIFO(): boolean; isSocket(): boolean }): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}

/**
 * The bytes of an ordinary file. A pipe would be waited for, a device read for ever, so neither is ever opened.
 *
 * @throws One line that names the file and says what is wrong with it.
 */
export async function readOrdinaryFile(path: string): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new UserError(`this is ${kindOf(found)}, not an ordinary file`);
    if (found.size > mostBytes)
      throw new UserError(`the file has ${found.size} bytes, more than the ${mostBytes} that are read`);
    // Without waiting: what was a file a moment ago may be a pipe now.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!(await file.stat()).isFile()) throw new UserError('this is no longer an ordinary file');
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UserError(`${path}: ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'the file does not exist';
  if (code === 'EACCES' || code === 'EPERM') return "the file can't be read: permission denied";
  if (code === 'ELOOP') return 'the symbolic link leads to itself';
  return code === undefined ? message : message.split(',')[0]!;
}
