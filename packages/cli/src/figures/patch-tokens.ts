import type { Planes } from '@toco/segmenter';

/** Tokens of length 1, a byte a number: two digits of a cosine are enough for a picture. */
export function unitTokens({ height, width, channels, data }: Planes): { tokens: Int8Array; scale: number } {
  const unit = new Float32Array(data.length);
  let most = 0;
  for (let i = 0; i < height * width; i++) {
    const token = data.subarray(i * channels, (i + 1) * channels);
    const norm = Math.hypot(...token) || 1;
    token.forEach((value, c) => {
      unit[i * channels + c] = value / norm;
      most = Math.max(most, Math.abs(value / norm));
    });
  }
  const scale = most / 127 || 1;
  return { tokens: Int8Array.from(unit, (value) => Math.round(value / scale)), scale };
}

/** The place where a CAM is strongest, in pixels of its own size. */
export function strongestPlace({ height, width, channels, data }: Planes): { y: number; x: number } {
  if (channels === 0) return { y: Math.floor(height / 2), x: Math.floor(width / 2) };
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i]! > data[best]!) best = i;
  const pixel = Math.floor(best / channels);
  return { y: Math.floor(pixel / width), x: pixel % width };
}
