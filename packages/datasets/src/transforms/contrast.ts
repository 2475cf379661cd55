import type { RgbImage } from '../image/rgb-image.js';
import { compiledPasses } from './compiled/passes.js';
import { mapValues } from './lookup.js';

/** The distance of every value to the image's mean luma (padding included) times `factor`. */
export function contrast(image: RgbImage, factor: number): RgbImage {
  const { data } = image;
  const { run, place } = compiledPasses();
  const [address] = place([data]);
  const mean = Math.floor(run.lumaSum(address, data.length) / (data.length / 3) + 0.5);
  const f = Math.fround(factor);
  return mapValues(image, (value) => Math.fround(mean + Math.fround(f * (value - mean))));
}
