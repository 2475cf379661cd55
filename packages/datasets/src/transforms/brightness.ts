import type { RgbImage } from '../image/rgb-image.js';
import { mapValues } from './lookup.js';

/** Every value times `factor`. */
export function brightness(image: RgbImage, factor: number): RgbImage {
  return mapValues(image, (value) => Math.fround(value * Math.fround(factor)));
}
