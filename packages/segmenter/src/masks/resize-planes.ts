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
 * Writes row `y` of resized planes, `width · channels` values, from `at` on; with `max` or `add`, combines it with what is there.
 */
export type WriteRow = (y: number, out: Float32Array, at: number, combine?: 'max' | 'add') => void;

/**
 * Bilinear, half-pixel resize (PyTorch's `align_corners=False`) on the host, a row at a time: planes of a large picture need
 * never be there as a whole.
 */
export function resizedRows({ height, width, channels, data }: Samples, to: Size): WriteRow {
  const length = width * channels;
  if (height === to.height && width === to.width) {
    const nothing = new Float32Array(length);
    return (y, out, at, combine) => {
      const row = data.subarray(y * length, (y + 1) * length);
      if (combine) blend(Float32Array.from(row), nothing, { share: 0, out, at, combine });
      else out.set(row, at);
    };
  }
  const rows = neighbors(height, to.height);
  const columns = neighbors(width, to.width);
  // Source rows at the new width: of neighboring rows of the result most are the same two.
  const stretched = [0, 1].map(() => ({ y: -1, row: new Float32Array(to.width * channels) }));
  const stretch = (y: number, keep: number): Float32Array => {
    const known = stretched.find((one) => one.y === y);
    if (known) return known.row;
    const target = stretched.find((one) => one.y !== keep)!;
    target.y = y;
    const { row } = target;
    for (let x = 0, i = 0; x < to.width; x++) {
      const left = y * length + columns.low[x]! * channels;
      const right = y * length + columns.high[x]! * channels;
      const part = columns.share[x]!;
      const rest = 1 - part;
      for (let c = 0; c < channels; c++, i++) row[i] = data[left + c]! * rest + data[right + c]! * part;
    }
    return row;
  };
  return (y, out, at, combine) => {
    const [low, high] = [rows.low[y]!, rows.high[y]!];
    const upper = stretch(low, high);
    blend(upper, stretch(high, low), { share: rows.share[y]!, out, at, combine });
  };
}

/** How two rows are mixed, and where the mixture goes. */
interface Blend {
  /** Of the second row. */
  readonly share: number;
  readonly out: Float32Array;
  readonly at: number;
  readonly combine: 'max' | 'add' | undefined;
}

/** Writes a mixture of two rows over what is there, or combined with it. */
function blend(first: Float32Array, second: Float32Array, { share, out, at, combine }: Blend): void {
  const { length } = first;
  const rest = 1 - share;
  const into = out.subarray(at, at + length);
  if (combine === 'max') {
    for (let i = 0; i < length; i++) {
      const value = Math.fround(first[i]! * rest + second[i]! * share);
      if (value > into[i]!) into[i] = value;
    }
  } else if (combine === 'add') {
    for (let i = 0; i < length; i++) into[i]! += Math.fround(first[i]! * rest + second[i]! * share);
  } else {
    for (let i = 0; i < length; i++) into[i] = first[i]! * rest + second[i]! * share;
  }
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
