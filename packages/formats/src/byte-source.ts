import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { refuse } from './format-error.js';

/** Bytes that are read piece by piece: an array in memory, or a file too large to be held whole. */
export interface ByteSource {
  readonly size: number;
  /** The `length` bytes from `offset` on, not to be changed; refuses what lies beyond the end. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

function assertInside(size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    refuse(`is cut short: ${length} bytes are expected at byte ${offset}, but it ends at ${size}`);
  }
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      assertInside(bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    close() {
      // Nothing is held.
    },
  };
}

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
