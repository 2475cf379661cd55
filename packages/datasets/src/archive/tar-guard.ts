import { Transform } from 'node:stream';

/** Every tar ends with two blocks of zeros, 512 bytes each. */
const endMark = 1024;

/**
 * Passes the bytes of a tar on, no more than `most` of them, and fails when they do not end as a tar does: one that was cut
 * short between two members would be taken for whole otherwise.
 */
export function tarGuard(most: number): Transform {
  let bytes = 0;
  let zeros = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      const trailing = trailingZeros(chunk);
      zeros = trailing === chunk.length ? zeros + trailing : trailing;
      if (bytes > most) done(new Error(`unpacks to more than ${most} bytes`));
      else done(null, chunk);
    },
    flush(done) {
      done(zeros < endMark ? new Error('unexpected end: the end mark is missing') : null);
    },
  });
}

function trailingZeros(chunk: Uint8Array): number {
  let at = chunk.length;
  while (at > 0 && chunk[at - 1] === 0) at--;
  return chunk.length - at;
}
