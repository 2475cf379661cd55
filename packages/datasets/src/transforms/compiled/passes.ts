import { binary } from './binary.js';
import { atob, WebAssembly, type Memory } from './web-assembly.js';

/** What `wasm/views.cc` exports. Addresses are bytes of its memory. */
interface Exports {
  readonly heap: () => number;
  readonly resampleRows: (
    ...args: [
      ...source: [image: number, width: number, height: number],
      ...taps: [starts: number, lengths: number, weights: number, capacity: number, count: number],
      out: number,
    ]
  ) => void;
  readonly resampleColumns: (
    ...args: [
      ...source: [rows: number, stride: number, firstRow: number],
      ...taps: [starts: number, lengths: number, weights: number, capacity: number, count: number],
      out: number,
    ]
  ) => void;
  readonly blur: (
    ...args: [
      ...image: [data: number, out: number, width: number, height: number],
      ...box: [radius: number, weight: number, edge: number],
      ...scratch: [line: number, sums: number],
    ]
  ) => void;
  readonly mapValues: (data: number, length: number, table: number) => void;
  readonly lumaSum: (data: number, length: number) => number;
  readonly gray: (data: number, length: number) => void;
  readonly saturation: (data: number, length: number, factor: number) => void;
  readonly hue: (data: number, length: number, turn: number) => void;
}

/** An array to be laid into the module's memory, or the number of bytes to keep free there. */
type Placed = Uint8Array | Int32Array | number;

/** The module, and its memory from which each pass takes what it needs. */
interface Passes {
  readonly run: Exports;
  /** Lays arrays one behind the other, each at a multiple of 16 with 16 bytes behind it that may be read; their addresses. */
  readonly place: <const Parts extends readonly Placed[]>(parts: Parts) => { [Key in keyof Parts]: number };
  /** A copy of some bytes. */
  readonly copy: (address: number, length: number) => Uint8Array;
}

const page = 65536;
/** Of 4 GiB, all that a module's memory can have. */
const mostPages = 65536;
/** What the module's own data take, and a view of 448 × 448 pixels. */
const firstPages = 64;

let passes: Passes | undefined; // one instance for each thread; between calls its memory holds nothing

/** The passes over pixels, compiled at the first call. Nothing is in their memory between two calls from outside. */
export function compiledPasses(): Passes {
  passes ??= instantiate();
  return passes;
}

function instantiate(): Passes {
  const memory: Memory = new WebAssembly.Memory({ initial: firstPages, maximum: mostPages });
  const code = Uint8Array.from(atob(binary), (character) => character.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
  const run = exports as Exports;
  const heap = run.heap();
  return {
    run,
    place(parts) {
      const addresses: number[] = [];
      let end = heap;
      for (const part of parts) {
        end = (end + 15) & ~15;
        addresses.push(end);
        end += (typeof part === 'number' ? part : part.byteLength) + 16;
      }
      const missing = end - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / page));
      const bytes = new Uint8Array(memory.buffer);
      parts.forEach((part, i) => {
        if (typeof part === 'number') return;
        bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), addresses[i]);
      });
      return addresses as never;
    },
    copy: (address, length) => new Uint8Array(memory.buffer.slice(address, address + length)),
  };
}

/** An image's bytes after a pass that works in place. */
export function inPlace(data: Uint8Array, pass: (run: Exports, address: number) => void): Uint8Array {
  const { run, place, copy } = compiledPasses();
  const [address] = place([data]);
  pass(run, address);
  return copy(address, data.length);
}
