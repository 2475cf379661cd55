import type { RgbImage } from '../../../src/image/rgb-image.js';

const { fround } = Math;

/**
 * Turns the hue by `shift` turns, in 8-bit HSV: H, S and V are integers 0…255, `trunc(255 · shift)` is added to H and wraps
 * at 256.
 */
export function hue(image: RgbImage, shift: number): RgbImage {
  const { width, height, data } = image;
  const turn = Math.trunc(255 * shift);
  const sectors = new Uint8Array(256);
  const fractions = new Float32Array(256);
  for (let h = 0; h < 256; h++) {
    const position = fround((((h + turn) & 255) * 6) / 255);
    sectors[h] = Math.floor(position) % 6;
    fractions[h] = position - Math.floor(position);
  }
  const out = new Uint8Array(data.length);
  for (let p = 0; p < data.length; p += 3) {
    const red = data[p]!;
    const green = data[p + 1]!;
    const blue = data[p + 2]!;
    const value = red > green ? (red > blue ? red : blue) : green > blue ? green : blue;
    const least = red < green ? (red < blue ? red : blue) : green < blue ? green : blue;
    const range = value - least;
    // An 8-bit saturation of 0 loses the hue, too. 32-bit floats: many products with 255 would be integers in 64 bits.
    const s = range === 0 ? 0 : (fround(range / value) * 255) | 0;
    if (s === 0) {
      out[p] = value;
      out[p + 1] = value;
      out[p + 2] = value;
      continue;
    }
    const h = hueOf(value - red, value - green, value - blue, range);
    const fraction = fractions[h]!;
    const amount = fround(s / 255);
    const low = (value * (1 - amount) + 0.5) | 0;
    const falling = (value * (1 - amount * fraction) + 0.5) | 0;
    const rising = (value * (1 - amount * (1 - fraction)) + 0.5) | 0;
    const sector = sectors[h]!;
    out[p] = sector === 0 || sector === 5 ? value : sector === 1 ? falling : sector === 4 ? rising : low;
    out[p + 1] = sector === 1 || sector === 2 ? value : sector === 3 ? falling : sector === 0 ? rising : low;
    out[p + 2] = sector === 3 || sector === 4 ? value : sector === 5 ? falling : sector === 2 ? rising : low;
  }
  return { width, height, data: out };
}

/** H in 0…255 from the distances of the channels to the largest one, of which one is 0. */
function hueOf(toRed: number, toGreen: number, toBlue: number, range: number): number {
  const r = fround(toRed / range);
  const g = fround(toGreen / range);
  const b = fround(toBlue / range);
  const sextant = fround(toRed === 0 ? b - g : toGreen === 0 ? 2 + r - b : 4 + g - r);
  const turns = sextant / 6;
  return (fround(turns < 0 ? turns + 1 : turns) * 255) | 0;
}
