import { concatenate } from '../concatenate.js';
import { encodeElements } from '../elements.js';
import { refuse } from '../format-error.js';
import { isNDArray, type NDArray } from '../nd-array.js';
import { numpyTypeName } from '../npy/header.js';
import { integerBytes } from './numbers.js';
import { isObjectArray, type ObjectArray, type PickleValue } from './values.js';

/** Deeper nesting is no data of ours, and a cycle would never end. */
const deepest = 100;

const opcode = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  none: 0x4e,
  true: 0x88,
  false: 0x89,
  int32: 0x4a,
  long1: 0x8a,
  float: 0x47,
  text: 0x58,
  bytes: 0x42,
  list: 0x5d,
  appends: 0x65,
  tuple: 0x74,
  dictionary: 0x7d,
  setItems: 0x75,
  global: 0x63,
  reduce: 0x52,
  build: 0x62,
} as const;

/** Puts the instructions for a value, protocol 3, one after the other. */
class PickleWriter {
  readonly parts: Uint8Array[] = [Uint8Array.of(opcode.proto, 3)];

  #put(...bytes: number[]): void {
    this.parts.push(Uint8Array.from(bytes));
  }

  #putSized(code: number, bytes: Uint8Array): void {
    const head = new Uint8Array(5);
    head[0] = code;
    new DataView(head.buffer).setUint32(1, bytes.length, true);
    this.parts.push(head, bytes);
  }

  write(value: PickleValue, depth = 0): void {
    if (depth > deepest) refuse(`a pickle can't be nested deeper than ${deepest} here`);
    if (value === null) this.#put(opcode.none);
    else if (typeof value === 'boolean') this.#put(value ? opcode.true : opcode.false);
    else if (typeof value === 'bigint') this.#integer(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#putSized(opcode.text, new TextEncoder().encode(value));
    else if (value instanceof Uint8Array) this.#putSized(opcode.bytes, value);
    else if (Array.isArray(value)) this.#list(value, depth);
    else if (value instanceof Map) this.#dictionary(value, depth);
    else if (isObjectArray(value)) this.#array('|O', value, depth);
    else if (isNDArray(value)) this.#array(numpyTypeName(value.dtype), value, depth);
    else refuse('only plain data and arrays can be written as a pickle');
  }

  /** Whole numbers become Python integers, all others floats. */
  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(BigInt(value));
    const bytes = Buffer.alloc(9);
    bytes[0] = opcode.float;
    bytes.writeDoubleBE(value, 1);
    this.parts.push(bytes);
  }

  #integer(value: bigint): void {
    const bytes = Buffer.alloc(5);
    bytes[0] = opcode.int32;
    if (BigInt.asIntN(32, value) === value) {
      bytes.writeInt32LE(Number(value), 1);
      this.parts.push(bytes);
      return;
    }
    const long = integerBytes(value);
    if (long.length > 255) refuse("an integer of more than 255 bytes can't be written as a pickle");
    this.#put(opcode.long1, long.length, ...long);
  }

  #list(items: readonly PickleValue[], depth: number): void {
    this.#put(opcode.list, opcode.mark);
    for (const item of items) this.write(item, depth + 1);
    this.#put(opcode.appends);
  }

  #dictionary(map: ReadonlyMap<PickleValue, PickleValue>, depth: number): void {
    this.#put(opcode.dictionary, opcode.mark);
    for (const [key, item] of map) {
      this.write(key, depth + 1);
      this.write(item, depth + 1);
    }
    this.#put(opcode.setItems);
  }

  #tuple(write: () => void): void {
    this.#put(opcode.mark);
    write();
    this.#put(opcode.tuple);
  }

  /** NumPy 1's module names, which NumPy 2 understands too. */
  #global(module: string, name: string): void {
    this.parts.push(new TextEncoder().encode(`${String.fromCharCode(opcode.global)}${module}\n${name}\n`));
  }

  #array(typeName: string, array: NDArray | ObjectArray, depth: number): void {
    this.#global('numpy.core.multiarray', '_reconstruct');
    this.#tuple(() => {
      this.#global('numpy', 'ndarray');
      this.#tuple(() => this.#number(0));
      this.#putSized(opcode.bytes, Uint8Array.of(0x62));
    });
    this.#put(opcode.reduce);
    this.#tuple(() => {
      this.#number(1);
      this.#tuple(() => array.shape.forEach((size) => this.#number(size)));
      this.#type(typeName);
      this.#put(opcode.false);
      if (isObjectArray(array)) this.#list(array.values, depth);
      else this.#putSized(opcode.bytes, encodeElements(array));
    });
    this.#put(opcode.build);
  }

  /** `dtype('f4', False, True)` with the state `(3, '<', None, None, None, -1, -1, flags)`. */
  #type(typeName: string): void {
    const isObject = typeName === '|O';
    this.#global('numpy', 'dtype');
    this.#tuple(() => {
      this.write(typeName.slice(1));
      this.#put(opcode.false, opcode.true);
    });
    this.#put(opcode.reduce);
    this.#tuple(() => {
      this.#number(3);
      this.write(typeName[0]!);
      this.#put(opcode.none, opcode.none, opcode.none);
      this.#number(-1);
      this.#number(-1);
      this.#number(isObject ? 63 : 0);
    });
    this.#put(opcode.build);
  }
}

/**
 * A pickle (protocol 3) of plain data and arrays that Python and NumPy read: maps become dictionaries, arrays lists, typed
 * arrays with a shape NumPy arrays; whole numbers become integers.
 *
 * @throws FormatError for bfloat16, nesting beyond 100 levels, or values of other kinds
 */
export function encodePickle(value: PickleValue): Uint8Array {
  const writer = new PickleWriter();
  writer.write(value);
  return concatenate([...writer.parts, Uint8Array.of(opcode.stop)]);
}
