import { type ByteSource, bytesSource } from '../byte-source.js';
import { decodeElements } from '../elements.js';
import type { NDArray } from '../nd-array.js';
import { readSafetensorsHeader, type SafetensorsEntry } from './header.js';

/** One tensor of a source whose header has been checked. */
export function readSafetensorsEntry(source: ByteSource, entry: SafetensorsEntry): NDArray {
  const { dtype, shape, begin, end } = entry;
  return { dtype, shape, data: decodeElements(source.read(begin, end - begin), dtype) };
}

/**
 * All tensors of a safetensors file by name. 16-bit floats are widened to 32 bits, `dtype` keeps their name.
 *
 * @throws FormatError in one line for whatever is not a whole, consistent file
 * @example
 * const weights = decodeSafetensors(await readFile('model.safetensors'));
 * weights['head.bias']; // { dtype: 'float32', shape: [1000], data: Float32Array }
 */
export function decodeSafetensors(bytes: Uint8Array): Record<string, NDArray> {
  const source = bytesSource(bytes);
  const { entries } = readSafetensorsHeader(source);
  return Object.fromEntries([...entries].map(([name, entry]) => [name, readSafetensorsEntry(source, entry)]));
}

/** The texts a safetensors file carries beside its tensors. */
export function decodeSafetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  return Object.fromEntries(readSafetensorsHeader(bytesSource(bytes)).metadata);
}
