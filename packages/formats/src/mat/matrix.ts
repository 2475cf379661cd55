import { ByteReader } from '../byte-reader.js';
import { decodeElements } from '../elements.js';
import { refuse } from '../format-error.js';
import type { DType } from '../nd-array.js';
import { elementCount } from '../shape.js';
import { columnMajorStrides, gather } from '../strided.js';
import { elementType, type MatElement, readElement } from './element.js';
import { numericArray, storedNumbers } from './numeric.js';
import { characterRows } from './text.js';
import type { MatValue } from './values.js';

const numericClasses = new Map<number, DType>([
  [6, 'float64'],
  [7, 'float32'],
  [8, 'int8'],
  [9, 'uint8'],
  [10, 'int16'],
  [11, 'uint16'],
  [12, 'int32'],
  [13, 'uint32'],
  [14, 'int64'],
  [15, 'uint64'],
]);

const cell = 1;
const struct = 2;
const text = 4;
const skipped = new Map([
  [3, 'object'],
  [5, 'sparse matrix'],
  [16, 'function'],
  [17, 'opaque object'],
]);

const deepest = 32;

/** The name and value of a matrix element, MATLAB's word for every variable, cell and field. */
export function readMatrix(
  { type, bytes }: MatElement,
  littleEndian: boolean,
  depth = 0,
): { name: string; value: MatValue } {
  if (type !== elementType.matrix) refuse(`MATLAB file has an element of type ${type} instead of a matrix`);
  if (depth > deepest) refuse(`MATLAB value is nested deeper than ${deepest}`);
  // An empty field is a matrix without contents.
  if (bytes.length === 0)
    return { name: '', value: { dtype: 'float64', shape: [0, 0], data: new Float64Array() } };
  const reader = new ByteReader(bytes, 0, littleEndian);
  const flags = new ByteReader(readElement(reader).bytes, 0, littleEndian).uint32();
  const kind = flags & 0xff;
  const what = skipped.get(kind);
  if (kind === 17) return { name: '', value: { kind: 'skipped', what: what! } };
  const shape = readShape(readElement(reader), littleEndian);
  const name = Buffer.from(readElement(reader).bytes).toString('latin1');
  if (what !== undefined) return { name, value: { kind: 'skipped', what } };
  const next = (): MatValue => readMatrix(readElement(reader), littleEndian, depth + 1).value;
  if (kind === cell) {
    const elements = readMany(reader, shape, next, 8);
    return { name, value: { kind: 'cell', shape, elements } };
  }
  if (kind === struct) {
    const names = readFieldNames(reader, littleEndian);
    const fields = (): ReadonlyMap<string, MatValue> => new Map(names.map((field) => [field, next()]));
    return {
      name,
      value: { kind: 'struct', shape, elements: readMany(reader, shape, fields, 8 * names.length) },
    };
  }
  if (flags & 0x800) refuse('MATLAB array of complex numbers is not supported');
  if (kind === text) return { name, value: characterRows(readElement(reader), shape, !littleEndian) };
  const data = storedNumbers(readElement(reader), shape, !littleEndian);
  const dtype = numericClasses.get(kind) ?? refuse(`MATLAB value is of an unknown class ${kind}`);
  return { name, value: numericArray(data, shape, flags & 0x200 ? 'bool' : dtype) };
}

function readShape({ type, bytes }: MatElement, littleEndian: boolean): number[] {
  if (type !== 5 || bytes.length % 4 !== 0) refuse('MATLAB array has no shape');
  const shape = Array.from(decodeElements(bytes, 'int32', !littleEndian) as Int32Array);
  elementCount(shape);
  return shape;
}

/** As many values as `shape` has elements, each of at least `smallest` bytes; MATLAB lists them column by column. */
function readMany<T>(reader: ByteReader, shape: readonly number[], next: () => T, smallest: number): T[] {
  const count = elementCount(shape);
  if (count > 1 && count * Math.max(smallest, 1) > reader.remaining) {
    refuse(`MATLAB array [${shape.join()}] has more elements than its ${reader.remaining} bytes can hold`);
  }
  const columns = Array.from({ length: count }, next);
  return gather(columns, shape, columnMajorStrides(shape), [...columns]);
}

/** Names of the fields, each padded with zeros to one length. */
function readFieldNames(reader: ByteReader, littleEndian: boolean): string[] {
  const length = new ByteReader(readElement(reader).bytes, 0, littleEndian).int32();
  const { bytes } = readElement(reader);
  if (length <= 0 || bytes.length % length !== 0) refuse('MATLAB structure has field names of no length');
  return Array.from({ length: bytes.length / length }, (_, i) => {
    const name = Buffer.from(bytes.subarray(i * length, (i + 1) * length)).toString('latin1');
    return name.split('\0', 1)[0]!;
  });
}
