import type { RgbImage } from '../image/rgb-image.js';
import { mapValues } from './lookup.js';

/** Inverts the values at or above `threshold`. */
export function solarize(image: RgbImage, threshold: number): RgbImage {
  return mapValues(image, (value) => (value < threshold ? value : 255 - value));
}
