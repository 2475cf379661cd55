import type { RgbImage } from '../image/rgb-image.js';

/** Box filters per direction that stand for one Gaussian. */
const PASSES = 3;
const FRACTION = 2 ** 24;

/** A box filter that reaches `radius` whole pixels to each side with `weight`, and the next pixel with `edge`. */
interface BoxFilter {
  readonly radius: number;
  readonly weight: number;
  readonly edge: number;
}

/**
 * Blurs with a Gaussian of standard deviation `sigma` (pixels), as Pillow does: three box filters of fractional width in
 * each direction, each rounded to 8 bits, borders replicated. The cost does not depend on `sigma`; a true Gaussian differs
 * by up to 6 levels.
 */
export function gaussianBlur(image: RgbImage, sigma: number): RgbImage {
  const { width, height } = image;
  const filter = boxFilter(sigma);
  let data = image.data;
  for (let pass = 0; pass < PASSES; pass++) data = boxRows(data, width, height, filter);
  for (let pass = 0; pass < PASSES; pass++) data = boxColumns(data, width * 3, height, filter);
  return { width, height, data };
}

/**
 * The box filter whose variance is a third of the Gaussian's (Gwosdek et al. 2011, extended box filters). The weight is
 * rounded through 32-bit floats, because ties in the sums below are frequent and hang on its last bit.
 */
function boxFilter(sigma: number): BoxFilter {
  const variance = Math.fround((sigma * sigma) / PASSES);
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const fraction =
    ((2 * whole + 1) * (whole * (whole + 1) - 3 * variance)) / (6 * (variance - (whole + 1) * (whole + 1)));
  const size = Math.fround(2 * Math.fround(whole + fraction) + 1);
  const weight = Math.floor(Math.fround(FRACTION / size));
  return { radius: whole, weight, edge: Math.floor((FRACTION - (2 * whole + 1) * weight) / 2) };
}

function boxRows(
  data: Uint8Array,
  width: number,
  height: number,
  { radius, weight, edge }: BoxFilter,
): Uint8Array {
  const out = new Uint8Array(data.length);
  const scaledWeight = weight / FRACTION;
  const scaledEdge = edge / FRACTION;
  const reach = radius + 1;
  // One row of one channel with its borders replicated, so that the inner loop needs no test.
  const line = new Uint8Array(width + 2 * reach);
  for (let row = 0; row < height; row++) {
    for (let channel = 0; channel < 3; channel++) {
      const start = row * width * 3 + channel;
      for (let x = 0, p = start; x < width; x++, p += 3) line[reach + x] = data[p]!;
      line.fill(line[reach]!, 0, reach);
      line.fill(line[reach + width - 1]!, reach + width);
      let sum = 0;
      for (let i = 1; i < 2 * reach; i++) sum += line[i]!;
      for (let x = 0, p = start; x < width; x++, p += 3) {
        const before = line[x]!;
        const after = line[x + 2 * reach]!;
        out[p] = sum * scaledWeight + (before + after) * scaledEdge + 0.5;
        sum += after - line[x + 1]!;
      }
    }
  }
  return out;
}

function boxColumns(
  data: Uint8Array,
  stride: number,
  height: number,
  { radius, weight, edge }: BoxFilter,
): Uint8Array {
  const out = new Uint8Array(data.length);
  const scaledWeight = weight / FRACTION;
  const scaledEdge = edge / FRACTION;
  const rowStart = (y: number): number => Math.min(height - 1, Math.max(0, y)) * stride;
  const sums = new Int32Array(stride);
  for (let y = -radius; y <= radius; y++) {
    const row = rowStart(y);
    for (let i = 0; i < stride; i++) sums[i] = sums[i]! + data[row + i]!;
  }
  for (let y = 0; y < height; y++) {
    const before = rowStart(y - radius - 1);
    const after = rowStart(y + radius + 1);
    const leaving = rowStart(y - radius);
    const o = y * stride;
    for (let i = 0; i < stride; i++) {
      out[o + i] = sums[i]! * scaledWeight + (data[before + i]! + data[after + i]!) * scaledEdge + 0.5;
      sums[i] = sums[i]! + data[after + i]! - data[leaving + i]!;
    }
  }
  return out;
}
