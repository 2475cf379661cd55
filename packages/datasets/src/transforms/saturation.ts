import type { RgbImage } from '../image/rgb-image.js';
import { inPlace } from './compiled/passes.js';

/** The distance of every value to its pixel's luma times `factor`. */
export function saturation({ width, height, data }: RgbImage, factor: number): RgbImage {
  return {
    width,
    height,
    data: inPlace(data, (run, address) => run.saturation(address, data.length, factor)),
  };
}
