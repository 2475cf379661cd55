import type { RgbImage } from '../../../src/image/rgb-image.js';

/** Luma of ITU-R 601, (299 R + 587 G + 114 B) / 1000, in 16-bit fixed point and rounded. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Every channel replaced by the luma. */
export function gray(image: RgbImage): RgbImage {
  const { width, height, data } = image;
  const out = new Uint8Array(data.length);
  for (let p = 0; p < data.length; p += 3) {
    const y = luma(data[p]!, data[p + 1]!, data[p + 2]!);
    out[p] = y;
    out[p + 1] = y;
    out[p + 2] = y;
  }
  return { width, height, data: out };
}
