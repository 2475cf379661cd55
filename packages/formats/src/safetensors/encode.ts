import { concatenate } from '../concatenate.js';
import { elementSize, encodeElements } from '../elements.js';
import { quote, refuse, within } from '../format-error.js';
import type { NDArray } from '../nd-array.js';
import { elementCount } from '../shape.js';
import { safetensorsTypes } from './header.js';

const typeNames = new Map(Object.entries(safetensorsTypes).map(([name, dtype]) => [dtype, name]));

/** The pieces of a safetensors file in order, one tensor at a time, so that a large file is never held twice. */
export function* safetensorsParts(
  arrays: Readonly<Record<string, NDArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  // Wide elements first: then every tensor is aligned to its own element size, as the format's readers like it.
  const sorted = Object.entries(arrays).sort(
    ([nameA, a], [nameB, b]) =>
      elementSize[b.dtype] - elementSize[a.dtype] || (nameA < nameB ? -1 : Number(nameA > nameB)),
  );
  yield encodeHeader(sorted, metadata);
  for (const [name, array] of sorted) {
    yield within(`safetensors tensor ${quote(name)}`, () => encodeElements(array));
  }
}

function encodeHeader(
  sorted: readonly [string, NDArray][],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, object][] = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  let at = 0;
  for (const [name, { dtype, shape }] of sorted) {
    if (name === '__metadata__') refuse('a safetensors tensor can\'t be named "__metadata__"');
    const end = at + elementCount(shape) * elementSize[dtype];
    entries.push([name, { dtype: typeNames.get(dtype)!, shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

/**
 * The bytes of a safetensors file; arrays named `float16` or `bfloat16` are rounded to nearest even.
 *
 * @example
 * const bytes = encodeSafetensors({ bias: { dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) } }, { step: '7' });
 */
export function encodeSafetensors(
  arrays: Readonly<Record<string, NDArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return concatenate(safetensorsParts(arrays, metadata));
}
