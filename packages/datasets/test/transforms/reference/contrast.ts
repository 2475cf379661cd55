import type { RgbImage } from '../../../src/image/rgb-image.js';
import { luma } from './gray.js';
import { mapValues } from './lookup.js';

/** The distance of every value to the image's mean luma (padding included) times `factor`. */
export function contrast(image: RgbImage, factor: number): RgbImage {
  const { data } = image;
  let sum = 0;
  for (let p = 0; p < data.length; p += 3) sum += luma(data[p]!, data[p + 1]!, data[p + 2]!);
  const mean = Math.floor(sum / (data.length / 3) + 0.5);
  const f = Math.fround(factor);
  return mapValues(image, (value) => Math.fround(mean + Math.fround(f * (value - mean))));
}
