import type { RgbImage } from '../../../src/image/rgb-image.js';

/** Applies one function of an 8-bit value to every value; results are cut to 0…255 and truncated. */
export function mapValues(image: RgbImage, f: (value: number) => number): RgbImage {
  const table = Uint8Array.from({ length: 256 }, (_, value) => truncate(f(value)));
  const { width, height, data } = image;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = table[data[i]!]!;
  return { width, height, data: out };
}

/** Cuts to 0…255 and drops the fraction. */
export function truncate(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
}
