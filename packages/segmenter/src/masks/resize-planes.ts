/** A stack of planes in row-major order, `[height, width, channels]`. */
export interface Planes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** The two source rows (or columns) of each target one, and the share of the second. */
function neighbours(from: number, to: number): { low: Int32Array; high: Int32Array; share: Float32Array } {
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  const share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    low[i] = Math.min(Math.floor(position), from - 1);
    high[i] = Math.min(low[i]! + 1, from - 1);
    share[i] = position - low[i]!;
  }
  return { low, high, share };
}

/**
 * Bilinear, half-pixel resize (PyTorch's `align_corners=False`) on the host.
 *
 * Masks of a validation set all have sizes of their own: on the host a size costs nothing, in a compiled graph each
 * would be a graph of its own.
 */
export function resizePlanes(
  { height, width, channels, data }: Planes,
  to: { height: number; width: number },
): Planes {
  if (height === to.height && width === to.width) return { height, width, channels, data };
  const rows = neighbours(height, to.height);
  const columns = neighbours(width, to.width);
  const out = new Float32Array(to.height * to.width * channels);
  const row = new Float32Array(width * channels);
  for (let y = 0; y < to.height; y++) {
    const a = rows.low[y]! * width * channels;
    const b = rows.high[y]! * width * channels;
    const share = rows.share[y]!;
    for (let i = 0; i < row.length; i++) row[i] = data[a + i]! * (1 - share) + data[b + i]! * share;
    const target = y * to.width * channels;
    for (let x = 0; x < to.width; x++) {
      const left = columns.low[x]! * channels;
      const right = columns.high[x]! * channels;
      const part = columns.share[x]!;
      for (let c = 0; c < channels; c++) {
        out[target + x * channels + c] = row[left + c]! * (1 - part) + row[right + c]! * part;
      }
    }
  }
  return { height: to.height, width: to.width, channels, data: out };
}
