import type { Planes, Size } from '../masks/resize-planes.js';

/**
 * How alike every patch token is to the one of a chosen patch: the cosine, −1…1 (ToCo, figure 1).
 *
 * @param tokens `[h,w,D]`
 * @param at a pixel of an image of `size`, or of the token grid where that is the size
 * @returns `[h,w,1]` on the token grid
 * @throws where the pixel lies outside of the image
 * @example
 * const map = resizePlanes(similarityMap(tokens, { y: 120, x: 200, size: image }), image);
 */
export function similarityMap(
  { height, width, channels, data }: Planes,
  { y, x, size }: { readonly y: number; readonly x: number; readonly size: Size },
): Planes {
  if (!(y >= 0 && y < size.height && x >= 0 && x < size.width))
    throw new Error(`similarityMap: (${y}, ${x}) lies outside of ${size.height}×${size.width} pixels`);
  const row = Math.floor((y * height) / size.height);
  const column = Math.floor((x * width) / size.width);
  const at = (row * width + column) * channels;
  const chosen = data.subarray(at, at + channels);
  const out = new Float32Array(height * width);
  const norm = Math.hypot(...chosen);
  for (let i = 0; i < out.length; i++) {
    let [dot, square] = [0, 0];
    for (let c = 0; c < channels; c++) {
      const value = data[i * channels + c]!;
      dot += value * chosen[c]!;
      square += value * value;
    }
    out[i] = dot / Math.max(norm * Math.sqrt(square), 1e-8);
  }
  return { height, width, channels: 1, data: out };
}
