import { fstatSync, readSync, closeSync, openSync } from 'node:fs';
import { type ByteSource, assertInside } from './byte-source.js';
import { refuse } from './format-error.js';

/** One call of the system reads no more than this. */
const largestRead = 2 ** 30;

/** A source over an open file; the caller closes it. */
export function fileSource(path: string): ByteSource {
  const file = openForReading(path);
  const { size } = fstatSync(file);
  return {
    size,
    read(offset, length) {
      assertInside(size, offset, length);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const wanted = Math.min(length - done, largestRead);
        const count = readSync(file, bytes, done, wanted, offset + done);
        if (count === 0) refuse('became shorter while it was read');
        done += count;
      }
      return bytes;
    },
    close() {
      closeSync(file);
    },
  };
}

function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return refuse(`${path}: ${code === 'ENOENT' ? 'no such file' : `can't be opened (${message})`}`);
  }
}
