import type { RgbImage } from '../image/rgb-image.js';
import { inPlace } from './compiled/passes.js';

/** Every channel replaced by the luma of ITU-R 601, (299 R + 587 G + 114 B) / 1000, in 16-bit fixed point and rounded. */
export function gray({ width, height, data }: RgbImage): RgbImage {
  return { width, height, data: inPlace(data, (run, address) => run.gray(address, data.length)) };
}
