import { binary } from './binary.js';

/** What the module exports; arrays are given by their first bytes. */
interface RowCode {
  readonly start: () => number;
  readonly stretch: (
    ...args: [
      row: number,
      low: number,
      high: number,
      share: number,
      to: number,
      channels: number,
      out: number,
    ]
  ) => void;
  readonly blend: (
    ...args: [first: number, second: number, share: number, length: number, out: number, combine: number]
  ) => void;
  readonly softmax: (values: number, channels: number, pixels: number) => void;
}

/** What `blend` does with what is there. */
export const combinations = { write: 0, max: 1, add: 2 } as const;

/** The part of WebAssembly's interface that is used here: the language's own types have it only with those of browsers. */
const { WebAssembly, atob } = globalThis as typeof globalThis & {
  readonly atob: (text: string) => string;
  readonly WebAssembly: {
    readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  };
};

/** A memory of WebAssembly, from which arrays are taken one after the other, and what computes in it. */
export interface RowMemory {
  readonly code: Omit<RowCode, 'start'>;
  readonly buffer: ArrayBuffer;
  readonly floats: (length: number) => Float32Array;
  readonly integers: (length: number) => Int32Array;
}

const page = 65536;
const vector = 16;
/** Behind each array the code reads and writes whole vectors. */
const bytesOf = (length: number): number => Math.ceil((4 * length + vector) / vector) * vector;

let compiled: object | undefined; // code, no data

/** A memory with room for arrays of these lengths; it never grows. */
export function rowMemory(lengths: readonly number[]): RowMemory {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(binary), (character) => character.charCodeAt(0)));
  const bytes = lengths.reduce((sum, length) => sum + bytesOf(length), codeBytes);
  const pages = Math.ceil(bytes / page);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const code = new WebAssembly.Instance(compiled, { env: { memory } }).exports as RowCode;
  const { buffer } = memory;
  let next = code.start();
  const take = (length: number): number => {
    const at = next;
    next += bytesOf(length);
    return at;
  };
  return {
    code,
    buffer,
    floats: (length) => new Float32Array(buffer, take(length), length),
    integers: (length) => new Int32Array(buffer, take(length), length),
  };
}

/** The module's stack, which lies before its heap. */
const codeBytes = 131072 + 4096;
