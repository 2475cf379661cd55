import type { RgbImage } from '../image/rgb-image.js';
import { inPlace } from './compiled/passes.js';

/**
 * Turns the hue by `shift` turns, in 8-bit HSV: H, S and V are integers 0…255, `trunc(255 · shift)` is added to H and wraps
 * at 256.
 */
export function hue({ width, height, data }: RgbImage, shift: number): RgbImage {
  const turn = Math.trunc(255 * shift);
  return { width, height, data: inPlace(data, (run, address) => run.hue(address, data.length, turn)) };
}
