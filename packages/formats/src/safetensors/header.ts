import type { ByteSource } from '../byte-source.js';
import { elementSize } from '../elements.js';
import { quote, refuse } from '../format-error.js';
import type { DType } from '../nd-array.js';
import { elementCount } from '../shape.js';

/** Names of the element types in a safetensors header. */
export const safetensorsTypes: Readonly<Record<string, DType>> = {
  BOOL: 'bool',
  U8: 'uint8',
  I8: 'int8',
  U16: 'uint16',
  I16: 'int16',
  F16: 'float16',
  BF16: 'bfloat16',
  I32: 'int32',
  U32: 'uint32',
  I64: 'int64',
  U64: 'uint64',
  F32: 'float32',
  F64: 'float64',
};

/** Where a tensor lies: `[begin, end)` in bytes from the start of the file. */
export interface SafetensorsEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Everything a safetensors file says before its numbers. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** As in the format's own library. */
const longestHeader = 100_000_000;

/** Reads and checks the header: sizes, types and offsets fit together and cover the file without gap or overlap. */
export function readSafetensorsHeader(source: ByteSource): SafetensorsHeader {
  if (source.size < 8) refuse('is not a safetensors file: shorter than 8 bytes');
  const prefix = source.read(0, 8);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > longestHeader || 8 + Number(length) > source.size) {
    refuse(
      `is not a whole safetensors file: a header of ${length} bytes is announced in ${source.size} bytes`,
    );
  }
  const start = 8 + Number(length);
  const parsed = parseObject(source.read(8, Number(length)));
  const entries = new Map<string, SafetensorsEntry>();
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') metadata = readMetadata(value);
    else entries.set(name, readEntry(name, value, start));
  }
  assertSeamless(entries, start, source.size);
  return { entries, metadata };
}

function parseObject(bytes: Uint8Array): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    refuse('safetensors header is not JSON');
  }
  if (!isObject(parsed)) refuse('safetensors header is not a JSON object');
  return parsed;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown): Map<string, string> {
  if (!isObject(value)) refuse('safetensors metadata is not a JSON object');
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value) as [string, unknown][]) {
    if (typeof text !== 'string') refuse(`safetensors metadata ${quote(key)} is not a text`);
    metadata.set(key, text);
  }
  return metadata;
}

function readEntry(name: string, value: unknown, start: number): SafetensorsEntry {
  const where = `safetensors tensor ${quote(name)}`;
  if (!isObject(value)) refuse(`${where} is not described by a JSON object`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(safetensorsTypes, dtype)) {
    refuse(`${where} has an element type that is not supported: ${quote(String(dtype))}`);
  }
  if (!Array.isArray(shape)) refuse(`${where} has no shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((at) => Number.isSafeInteger(at))) {
    refuse(`${where} has no pair of data offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const type = safetensorsTypes[dtype]!;
  const bytes = elementCount(shape) * elementSize[type];
  if (begin < 0 || end - begin !== bytes) {
    refuse(`${where} of ${dtype}[${shape.join()}] takes ${bytes} bytes, its offsets are ${begin} to ${end}`);
  }
  return { dtype: type, shape: shape as number[], begin: start + begin, end: start + end };
}

function assertSeamless(entries: ReadonlyMap<string, SafetensorsEntry>, start: number, size: number): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = start;
  for (const [name, { begin, end }] of sorted) {
    if (begin !== at) {
      const fault = begin < at ? 'overlaps the one before it' : 'leaves a gap before it';
      refuse(`safetensors tensor ${quote(name)} ${fault}: begins at byte ${begin} instead of ${at}`);
    }
    at = end;
  }
  if (at !== size) refuse(`safetensors tensors end at byte ${at}, but the file has ${size} bytes`);
}
