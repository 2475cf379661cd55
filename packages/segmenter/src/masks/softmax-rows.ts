import { rowMemory } from './wasm/row-memory.js';

/** Values that are copied at once: 4 MB, unless a pixel has more. */
const most = 2 ** 20;

/** Softmax over the `channels` values of every pixel, in place. */
export function softmaxInPlace(values: Float32Array, channels: number): Float32Array {
  if (values.length === 0) return values;
  const length = Math.min(values.length, Math.max(1, Math.floor(most / channels)) * channels);
  const memory = rowMemory([length]);
  const some = memory.floats(length);
  for (let at = 0; at < values.length; at += length) {
    const part = values.subarray(at, at + length);
    some.set(part);
    memory.code.softmax(some.byteOffset, channels, part.length / channels);
    part.set(some.subarray(0, part.length));
  }
  return values;
}
