import type { RgbImage } from '../image/rgb-image.js';
import { compiledPasses } from './compiled/passes.js';

/** Applies one function of an 8-bit value to every value; results are cut to 0…255 and truncated. */
export function mapValues(image: RgbImage, f: (value: number) => number): RgbImage {
  const table = Uint8Array.from({ length: 256 }, (_, value) => truncate(f(value)));
  const { width, height, data } = image;
  const { run, place, copy } = compiledPasses();
  const [address, values] = place([data, table]);
  run.mapValues(address, data.length, values);
  return { width, height, data: copy(address, data.length) };
}

/** Cuts to 0…255 and drops the fraction. */
function truncate(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
}
