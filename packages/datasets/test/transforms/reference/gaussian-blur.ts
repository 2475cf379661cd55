import type { RgbImage } from '../../../src/image/rgb-image.js';

/** Box filters per direction that stand for one Gaussian. */
const PASSES = 3;
/** Weights carry 24 fractional bits: a weighted sum of 8-bit values, taken modulo 2³², is whole after `>>> 24`. */
const FRACTION = 2 ** 24;
const HALF = 2 ** 23;

const { imul } = Math;

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

function boxRows(data: Uint8Array, width: number, height: number, filter: BoxFilter): Uint8Array {
  const { radius, weight, edge } = filter;
  const out = new Uint8Array(data.length);
  const reach = 3 * (radius + 1);
  const stride = 3 * width;
  // One row with its borders replicated, so that the inner loop needs no test.
  const line = new Uint8Array(stride + 2 * reach);
  for (let start = 0; start < height * stride; start += stride) {
    line.set(data.subarray(start, start + stride), reach);
    line.copyWithin(0, reach, reach + 3);
    for (let i = 3; i < reach; i++) line[i] = line[i - 3]!;
    for (let i = reach + stride; i < line.length; i++) line[i] = line[i - 3]!;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let i = 3; i < 2 * reach; i += 3) {
      red += line[i]!;
      green += line[i + 1]!;
      blue += line[i + 2]!;
    }
    for (let i = 0, o = start; i < stride; i += 3, o += 3) {
      const j = i + 2 * reach;
      out[o] = (imul(red, weight) + imul(line[i]! + line[j]!, edge) + HALF) >>> 24;
      out[o + 1] = (imul(green, weight) + imul(line[i + 1]! + line[j + 1]!, edge) + HALF) >>> 24;
      out[o + 2] = (imul(blue, weight) + imul(line[i + 2]! + line[j + 2]!, edge) + HALF) >>> 24;
      red += line[j]! - line[i + 3]!;
      green += line[j + 1]! - line[i + 4]!;
      blue += line[j + 2]! - line[i + 5]!;
    }
  }
  return out;
}

function boxColumns(data: Uint8Array, stride: number, height: number, filter: BoxFilter): Uint8Array {
  const { radius, weight, edge } = filter;
  const out = new Uint8Array(data.length);
  const row = (y: number): Uint8Array => {
    const start = Math.min(height - 1, Math.max(0, y)) * stride;
    return data.subarray(start, start + stride);
  };
  const sums = new Int32Array(stride);
  for (let y = -radius; y <= radius; y++) {
    const entering = row(y);
    for (let i = 0; i < stride; i++) sums[i] = sums[i]! + entering[i]!;
  }
  for (let y = 0; y < height; y++) {
    const before = row(y - radius - 1);
    const after = row(y + radius + 1);
    const leaving = row(y - radius);
    const target = out.subarray(y * stride, (y + 1) * stride);
    for (let i = 0; i < stride; i++) {
      const sum = sums[i]!;
      const next = after[i]!;
      target[i] = (imul(sum, weight) + imul(before[i]! + next, edge) + HALF) >>> 24;
      sums[i] = sum + next - leaving[i]!;
    }
  }
  return out;
}
