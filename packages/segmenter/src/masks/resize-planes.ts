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

/** Writes row `y` of resized planes, `width · channels` values, from `at` on. */
export type WriteRow = (y: number, out: Float32Array, at: number) => void;

/**
 * Bilinear, half-pixel resize (PyTorch's `align_corners=False`) on the host, a row at a time: planes of a large picture need
 * never be there as a whole.
 */
export function resizedRows({ height, width, channels, data }: Samples, to: Size): WriteRow {
  const length = width * channels;
  if (height === to.height && width === to.width) {
    return (y, out, at) => {
      out.set(data.subarray(y * length, (y + 1) * length), at);
    };
  }
  const rows = neighbors(height, to.height);
  const columns = neighbors(width, to.width);
  const row = new Float32Array(length);
  return (y, out, at) => {
    const a = rows.low[y]! * length;
    const b = rows.high[y]! * length;
    const share = rows.share[y]!;
    for (let i = 0; i < length; i++) row[i] = data[a + i]! * (1 - share) + data[b + i]! * share;
    for (let x = 0, target = at; x < to.width; x++) {
      const left = columns.low[x]! * channels;
      const right = columns.high[x]! * channels;
      const part = columns.share[x]!;
      const rest = 1 - part;
      for (let c = 0; c < channels; c++, target++) {
        out[target] = row[left + c]! * rest + row[right + c]! * part;
      }
    }
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
