import { inflateRawSync, inflateSync } from 'node:zlib';
import { refuse } from './format-error.js';

/** No deflate stream grows by more than this factor. */
const largestRatio = 1032;

/**
 * Inflates to exactly `size` bytes, and to no more memory than that: a stream that holds more or less is refused, and so is
 * at once a `size` that can't come out of so few bytes.
 */
export function inflateExactly(bytes: Uint8Array, size: number, form: 'zlib' | 'raw'): Uint8Array {
  if (size > bytes.length * largestRatio) {
    refuse(`announces ${size} bytes, more than can be packed into ${bytes.length}`);
  }
  const inflated = inflateAtMost(bytes, size, form);
  if (inflated.length !== size) refuse(`unpacks to ${inflated.length} bytes instead of ${size}`);
  return inflated;
}

/** Inflates a stream whose size is not announced, refusing it beyond `limit` bytes. */
export function inflateAtMost(bytes: Uint8Array, limit: number, form: 'zlib' | 'raw'): Uint8Array {
  try {
    return (form === 'zlib' ? inflateSync : inflateRawSync)(bytes, { maxOutputLength: Math.max(limit, 1) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      refuse(`unpacks to more than ${limit} bytes`);
    }
    return refuse('is packed in a damaged or cut deflate stream');
  }
}
