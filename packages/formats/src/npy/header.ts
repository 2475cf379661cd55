import { elementSize } from '../elements.js';
import { quote, refuse } from '../format-error.js';
import type { DType } from '../nd-array.js';
import { elementCount } from '../shape.js';

/** What stands before the elements of an npy file. */
export interface NpyHeader {
  readonly type: NumpyType;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Byte at which the elements begin. */
  readonly dataStart: number;
}

/** A NumPy element type that can be held: numbers with their byte order, or Python objects. */
export type NumpyType = { readonly dtype: DType; readonly bigEndian: boolean } | 'object';

const dtypes: Readonly<Record<string, DType>> = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  f2: 'float16',
  u4: 'uint32',
  i4: 'int32',
  f4: 'float32',
  u8: 'uint64',
  i8: 'int64',
  f8: 'float64',
};

const codes = new Map(Object.entries(dtypes).map(([code, dtype]) => [dtype, code]));

/** Reads NumPy's short name of a type: `<f4`, `|b1`, `>i8`, `|O`. */
export function parseNumpyType(name: string): NumpyType {
  const [, order, code] = /^([<>|=]?)([a-zA-Z]\d*)$/.exec(name) ?? [];
  if (code === 'O' || code === 'O8' || code === 'O4') return 'object';
  if (code === '?') return { dtype: 'bool', bigEndian: false };
  if (code === undefined || !Object.hasOwn(dtypes, code)) {
    refuse(`NumPy type ${quote(name)} is not supported: booleans, integers and floats up to 64 bits are`);
  }
  return { dtype: dtypes[code]!, bigEndian: order === '>' };
}

/** NumPy's short name of a type, little-endian. */
export function numpyTypeName(dtype: DType): string {
  const code = codes.get(dtype) ?? refuse(`NumPy has no ${dtype}: convert the array to float32 first`);
  return `${elementSize[dtype] === 1 ? '|' : '<'}${code}`;
}

/** Far more than 64 axes need; a longer header is no array's. */
const longestHeader = 65_536;

/** Reads the header of an npy file, versions 1 to 3. */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) refuse('is not an npy file');
  const version = bytes[6]!;
  if (version < 1 || version > 3) refuse(`npy version ${version} is unknown`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) refuse('npy header is cut short');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > longestHeader || start + length > bytes.length) {
    refuse(`npy header of ${length} bytes does not fit a file of ${bytes.length}`);
  }
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(start, start + length),
  );
  return { ...parseDictionary(text), dataStart: start + length };
}

/** The header is a Python dictionary with exactly these three entries. */
function parseDictionary(text: string): Omit<NpyHeader, 'dataStart'> {
  const inner = /^\s*\{([^{}]*)\}\s*$/.exec(text)?.[1] ?? refuse('npy header is not a dictionary');
  const name = /'descr': ?'([^']*)'/.exec(inner)?.[1];
  const order = /'fortran_order': ?(True|False)/.exec(inner)?.[1];
  const sizes = /'shape': ?\(([\dL, ]*)\)/.exec(inner)?.[1];
  if (name === undefined)
    refuse('npy header names no single element type: structured arrays are not supported');
  if (order === undefined || sizes === undefined) refuse('npy header lacks its order or its shape');
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(parseSize);
  elementCount(shape);
  return { type: parseNumpyType(name), fortranOrder: order === 'True', shape };
}

/** Python 2 wrote long integers with an L. */
function parseSize(text: string): number {
  const digits =
    /^ *(\d{1,15})L? *$/.exec(text)?.[1] ?? refuse('npy header has a shape that is not a row of sizes');
  return Number(digits);
}
