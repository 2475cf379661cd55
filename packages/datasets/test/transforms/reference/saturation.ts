import type { RgbImage } from '../../../src/image/rgb-image.js';
import { luma } from './gray.js';
import { truncate } from './lookup.js';

const { fround } = Math;

/** The distance of every value to its pixel's luma times `factor`. */
export function saturation(image: RgbImage, factor: number): RgbImage {
  const { width, height, data } = image;
  const f = fround(factor);
  const out = new Uint8Array(data.length);
  for (let p = 0; p < data.length; p += 3) {
    const y = luma(data[p]!, data[p + 1]!, data[p + 2]!);
    for (let c = p; c < p + 3; c++) out[c] = truncate(fround(y + fround(f * (data[c]! - y))));
  }
  return { width, height, data: out };
}
