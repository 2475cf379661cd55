import type { RgbImage } from '../../../src/image/rgb-image.js';

/** Interpolation kernels: triangle, or Keys' cubic with a = −0.5. */
export type ResampleFilter = 'bilinear' | 'bicubic';

/** Options of {@link resample}. */
export interface ResampleOptions {
  readonly width: number;
  readonly height: number;
  readonly filter: ResampleFilter;
  /** Part of the output to compute, `[y0, y1, x0, x1]`, ends excluded; the whole output by default. */
  readonly window?: readonly [number, number, number, number];
}

/** For every output position: where its taps start, how many there are, and their weights (fixed point). */
interface Taps {
  readonly count: number;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly weights: Int32Array;
}

const { imul } = Math;

/** Weights carry 22 fractional bits: a sum of weighted 8-bit values, with the cubic's overshoot, stays below 2³¹. */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

/**
 * Resizes an image as Pillow does: the kernel is widened by the shrinking factor (antialias), weights are normalized at the
 * borders, and each of the two passes (horizontal, then vertical) rounds to 8 bits.
 *
 * With `window` only that part of the result is computed; its values are those of the whole.
 *
 * @example
 * const half = resample(image, { width: 160, height: 120, filter: 'bilinear' });
 */
export function resample(image: RgbImage, options: ResampleOptions): RgbImage {
  const { width, height, filter } = options;
  const [y0, y1, x0, x1] = options.window ?? [0, height, 0, width];
  const vertical = taps(image.height, height, y0, y1, filter);
  const horizontal = taps(image.width, width, x0, x1, filter);
  // A pass that keeps the size is left out; otherwise the horizontal pass makes the rows that the vertical one reads.
  const keepsHeight = image.height === height;
  const last = vertical.count - 1;
  const firstRow = keepsHeight ? y0 : (vertical.starts[0] ?? 0);
  const endRow = keepsHeight ? y1 : (vertical.starts[last] ?? 0) + (vertical.lengths[last] ?? 0);
  const rows =
    image.width === width
      ? columnsOf(image, firstRow, endRow, x0, x1)
      : resampleRows(image, firstRow, endRow, horizontal);
  return keepsHeight
    ? { width: x1 - x0, height: y1 - y0, data: rows }
    : { width: x1 - x0, height: y1 - y0, data: resampleColumns(rows, (x1 - x0) * 3, firstRow, vertical) };
}

function kernel(filter: ResampleFilter, distance: number): number {
  const x = Math.abs(distance);
  if (filter === 'bilinear') return x < 1 ? 1 - x : 0;
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function taps(input: number, output: number, from: number, to: number, filter: ResampleFilter): Taps {
  const scale = input / output;
  const stretch = Math.max(1, scale);
  const support = (filter === 'bilinear' ? 1 : 2) * stretch;
  const capacity = 2 * Math.ceil(support) + 1;
  const count = to - from;
  const starts = new Int32Array(count);
  const lengths = new Int32Array(count);
  const weights = new Int32Array(count * capacity);
  const row = new Float64Array(capacity);
  for (let i = 0; i < count; i++) {
    const center = (from + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const length = Math.min(input, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < length; k++) {
      row[k] = kernel(filter, (start + k - center + 0.5) / stretch);
      sum += row[k]!;
    }
    for (let k = 0; k < length; k++)
      weights[i * capacity + k] = Math.round((row[k]! / sum) * 2 ** FRACTION_BITS);
    starts[i] = start;
    lengths[i] = length;
  }
  return { count, starts, lengths, weights };
}

function clip(sum: number): number {
  const value = sum >> FRACTION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function columnsOf(image: RgbImage, firstRow: number, endRow: number, x0: number, x1: number): Uint8Array {
  const stride = image.width * 3;
  if (x1 - x0 === image.width) return image.data.slice(firstRow * stride, endRow * stride);
  const out = new Uint8Array((endRow - firstRow) * (x1 - x0) * 3);
  for (let y = firstRow; y < endRow; y++) {
    out.set(image.data.subarray(y * stride + x0 * 3, y * stride + x1 * 3), (y - firstRow) * (x1 - x0) * 3);
  }
  return out;
}

function resampleRows(image: RgbImage, firstRow: number, endRow: number, horizontal: Taps): Uint8Array {
  const { count, starts, lengths, weights } = horizontal;
  const capacity = weights.length / Math.max(1, count);
  const source = image.data;
  const out = new Uint8Array((endRow - firstRow) * count * 3);
  let o = 0;
  for (let y = firstRow; y < endRow; y++) {
    for (let x = 0; x < count; x++) {
      let p = (y * image.width + starts[x]!) * 3;
      const end = x * capacity + lengths[x]!;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = x * capacity; k < end; k++, p += 3) {
        const weight = weights[k]!;
        red += imul(source[p]!, weight);
        green += imul(source[p + 1]!, weight);
        blue += imul(source[p + 2]!, weight);
      }
      out[o] = clip(red);
      out[o + 1] = clip(green);
      out[o + 2] = clip(blue);
      o += 3;
    }
  }
  return out;
}

function resampleColumns(rows: Uint8Array, stride: number, firstRow: number, vertical: Taps): Uint8Array {
  const { count, starts, lengths, weights } = vertical;
  const capacity = weights.length / Math.max(1, count);
  const out = new Uint8Array(count * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < count; y++) {
    sums.fill(HALF);
    for (let k = 0; k < lengths[y]!; k++) {
      const weight = weights[y * capacity + k]!;
      const row = (starts[y]! - firstRow + k) * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + imul(rows[row + i]!, weight);
    }
    const o = y * stride;
    for (let i = 0; i < stride; i++) out[o + i] = clip(sums[i]!);
  }
  return out;
}
