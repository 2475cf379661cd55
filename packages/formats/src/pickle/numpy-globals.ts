import { decodeElements, elementSize } from '../elements.js';
import { refuse } from '../format-error.js';
import type { DType, NDArray, NDData } from '../nd-array.js';
import { type NumpyType, parseNumpyType } from '../npy/header.js';
import { elementCount } from '../shape.js';
import { columnMajorStrides, gather, toRowMajor } from '../strided.js';
import type { KnownGlobal, PickleMachine } from './machine.js';
import type { PickleValue } from './values.js';

/** A NumPy element type as it lies on the pickle's stack; its byte order follows as its state. */
interface DTypeObject {
  readonly className: 'numpy.dtype';
  readonly attributes: ReadonlyMap<string, PickleValue>;
  readonly name: string;
  order: string;
}

function makeDType(args: readonly PickleValue[], machine: PickleMachine): PickleValue {
  const [name] = args;
  if (typeof name !== 'string') refuse('pickle has a NumPy type without a name');
  parseNumpyType(name);
  const type: DTypeObject = {
    className: 'numpy.dtype',
    attributes: new Map([['name', name]]),
    name,
    order: '|',
  };
  machine.onState(type, (state) => {
    const order = Array.isArray(state) ? state[1] : undefined;
    if (order !== '<' && order !== '>' && order !== '|' && order !== '=')
      refuse('pickle has a NumPy type without byte order');
    type.order = order;
  });
  return type;
}

function typeOf(value: PickleValue | undefined): NumpyType {
  const { className, name, order } = (value ?? {}) as Partial<DTypeObject>;
  if (className !== 'numpy.dtype') refuse('pickle has a NumPy array without a type');
  return parseNumpyType(/^[<>|=]/.test(name!) ? name! : `${order}${name}`);
}

/** Bytes of an array; Python 2 and protocols before 3 write them as text of one character per byte. */
function rawBytes(value: PickleValue | undefined): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  return value instanceof Uint8Array ? value : refuse('pickle has a NumPy array without its bytes');
}

function shapeOf(value: PickleValue | undefined): number[] {
  if (!Array.isArray(value)) refuse('pickle has a NumPy array without a shape');
  elementCount(value);
  return [...value] as number[];
}

/** An array whose contents follow as its state. */
interface Unfilled {
  dtype: DType | 'object';
  shape: number[];
  data?: NDData;
  values?: PickleValue[];
}

function numericContents(
  { dtype, bigEndian }: Exclude<NumpyType, 'object'>,
  shape: number[],
  raw: Uint8Array,
  columnMajor: boolean,
): NDArray {
  const bytes = elementCount(shape) * elementSize[dtype];
  if (raw.length !== bytes) {
    refuse(`pickled array of ${dtype}[${shape.join()}] takes ${bytes} bytes, it has ${raw.length}`);
  }
  const data = decodeElements(raw, dtype, bigEndian);
  return {
    dtype,
    shape,
    data: columnMajor ? toRowMajor(data, shape) : data,
  };
}

/** `_reconstruct` makes an empty array; its state is `(version, shape, dtype, Fortran order, bytes or list of objects)`. */
function reconstruct(_: readonly PickleValue[], machine: PickleMachine): PickleValue {
  const array: Unfilled = { dtype: 'uint8', shape: [0], data: new Uint8Array() };
  machine.onState(array as NDArray, (state) => {
    if (!Array.isArray(state) || state.length !== 5)
      refuse('pickle has a NumPy array without its five parts');
    const shape = shapeOf(state[1]);
    const type = typeOf(state[2]);
    const columnMajor = state[3] === true;
    if (type === 'object') {
      const values = objects(shape, state[4], columnMajor, machine);
      delete array.data;
      Object.assign(array, { dtype: type, shape, values });
    } else {
      const raw = rawBytes(state[4]);
      machine.spend(raw.length);
      Object.assign(array, numericContents(type, shape, raw, columnMajor));
    }
  });
  return array as NDArray;
}

function objects(
  shape: number[],
  list: PickleValue | undefined,
  columnMajor: boolean,
  machine: PickleMachine,
): PickleValue[] {
  if (!Array.isArray(list) || list.length !== elementCount(shape)) {
    refuse('pickle has a NumPy array of objects whose shape and number of objects differ');
  }
  machine.spend(list.length);
  return columnMajor ? gather(list, shape, columnMajorStrides(shape), [...list]) : [...list];
}

/** Protocol 5 keeps the bytes apart: `_frombuffer(bytes, dtype, shape, order)`. */
function fromBuffer(args: readonly PickleValue[], machine: PickleMachine): PickleValue {
  const type = typeOf(args[1]);
  if (type === 'object') refuse('pickle has a NumPy array of objects in a buffer');
  const raw = rawBytes(args[0]);
  machine.spend(raw.length);
  return numericContents(type, shapeOf(args[2]), raw, args[3] === 'F');
}

/** A NumPy number outside of an array becomes a plain one. */
function scalar(args: readonly PickleValue[]): PickleValue {
  const type = typeOf(args[0]);
  if (type === 'object') refuse('pickle has a NumPy scalar of objects');
  const { data } = numericContents(type, [], rawBytes(args[1]), false);
  const value = data[0]!;
  if (type.dtype === 'bool') return value === 1;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Protocols before 3 have no bytes: they are written as `_codecs.encode(text, 'latin1')`. */
function encodeText(args: readonly PickleValue[], machine: PickleMachine): PickleValue {
  const [text, encoding] = args;
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) {
    refuse('pickle encodes something that is not text of bytes');
  }
  machine.spend(text.length);
  return Buffer.from(text, 'latin1');
}

/** What pickles of NumPy arrays name, by the modules of NumPy 1 and 2. */
export const numpyGlobals: readonly KnownGlobal[] = [
  { global: 'numpy.ndarray' },
  { global: 'numpy.dtype', call: makeDType },
  { global: '_codecs.encode', call: encodeText },
  ...['numpy.core', 'numpy._core'].flatMap((core): KnownGlobal[] => [
    { global: `${core}.multiarray._reconstruct`, call: reconstruct },
    { global: `${core}.multiarray.scalar`, call: scalar },
    { global: `${core}.numeric._frombuffer`, call: fromBuffer },
  ]),
];
