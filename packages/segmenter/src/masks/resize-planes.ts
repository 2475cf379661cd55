import { combinations, rowMemory, type RowMemory } from './wasm/row-memory.js';

/** A stack of planes in row-major order, `[height, width, channels]`. */
export interface Planes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** Height and width in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Planes of any numbers, such as the bytes of a photograph. */
export interface Samples extends Size {
  readonly channels: number;
  readonly data: Float32Array | Uint8Array | Uint8ClampedArray;
}

/** The two source rows (or columns) of each target one, and the share of the second. */
function neighbors(from: number, to: number): { low: Int32Array; high: Int32Array; share: Float32Array } {
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  const share = new Float32Array(to);
  const step = Math.fround(from / to);
  for (let i = 0; i < to; i++) {
    // Rounded to 32 bits as PyTorch does: a CRF makes more of the difference than one would think.
    const position = Math.max(0, Math.fround(Math.fround(step * (i + 0.5)) - 0.5));
    low[i] = Math.min(Math.floor(position), from - 1);
    high[i] = Math.min(low[i]! + 1, from - 1);
    share[i] = position - low[i]!;
  }
  return { low, high, share };
}

/**
 * Writes row `y` of resized planes, `width · channels` values, from `at` on; with `max` or `add`, combines it with what is there,
 * which must then lie in the memory that the rows were made in.
 */
export type WriteRow = (y: number, out: Float32Array, at: number, combine?: 'max' | 'add') => void;

/** Lengths of the arrays that `resizedRows` takes from its memory. */
export function rowLengths({ width, channels }: Samples, to: Size): number[] {
  const row = to.width * channels;
  return [width * channels, row, row, row, to.width, to.width, to.width];
}

/**
 * Bilinear, half-pixel resize (PyTorch's `align_corners=False`) on the host, a row at a time: planes of a large picture need
 * never be there as a whole.
 */
export function resizedRows(
  samples: Samples,
  to: Size,
  memory: RowMemory = rowMemory(rowLengths(samples, to)),
): WriteRow {
  const { height, width, channels, data } = samples;
  const { code, buffer } = memory;
  const length = to.width * channels;
  const source = memory.floats(width * channels);
  const own = memory.floats(length);
  const rows = neighbors(height, to.height);
  const columns = neighbors(width, to.width);
  const [low, high] = [columns.low, columns.high].map((indices) => {
    const kept = memory.integers(to.width);
    kept.set(indices);
    return kept;
  }) as [Int32Array, Int32Array];
  const share = memory.floats(to.width);
  share.set(columns.share);
  // Source rows at the new width: of neighboring rows of the result most are the same two.
  const stretched = [0, 1].map(() => ({ y: -1, row: memory.floats(length) }));
  const stretch = (y: number, keep: number): Float32Array => {
    const known = stretched.find((one) => one.y === y);
    if (known) return known.row;
    const target = stretched.find((one) => one.y !== keep)!;
    target.y = y;
    const values = data.subarray(y * source.length, (y + 1) * source.length);
    if (width === to.width) {
      target.row.set(values);
    } else {
      source.set(values);
      const places = [low.byteOffset, high.byteOffset, share.byteOffset] as const;
      code.stretch(source.byteOffset, ...places, to.width, channels, target.row.byteOffset);
    }
    return target.row;
  };
  return (y, out, at, combine) => {
    const [first, second] = [rows.low[y]!, rows.high[y]!];
    const upper = stretch(first, second).byteOffset;
    const lower = stretch(second, first).byteOffset;
    const isHere = out.buffer === buffer;
    const target = isHere ? out.byteOffset + 4 * at : own.byteOffset;
    if (combine && !isHere) throw new Error('Rows are combined within the memory of WebAssembly only.');
    code.blend(upper, lower, rows.share[y]!, length, target, combinations[combine ?? 'write']);
    if (!isHere) out.set(own, at);
  };
}

/**
 * Bilinear, half-pixel resize (PyTorch's `align_corners=False`) on the host.
 *
 * Masks of a validation set all have sizes of their own: on the host a size costs nothing, in a compiled graph each
 * would be a graph of its own.
 */
export function resizePlanes(planes: Planes, to: Size): Planes {
  const { height, width, channels } = planes;
  if (height === to.height && width === to.width) return planes;
  const data = new Float32Array(to.height * to.width * channels);
  const write = resizedRows(planes, to);
  for (let y = 0; y < to.height; y++) write(y, data, y * to.width * channels);
  return { height: to.height, width: to.width, channels, data };
}
