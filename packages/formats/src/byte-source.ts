import { refuse } from './format-error.js';

/** Bytes that are read piece by piece: an array in memory, or a file too large to be held whole. */
export interface ByteSource {
  readonly size: number;
  /** The `length` bytes from `offset` on, not to be changed; refuses what lies beyond the end. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

export function assertInside(size: number, offset: number, length: number): void {
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
