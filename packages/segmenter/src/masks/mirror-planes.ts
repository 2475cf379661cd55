import type { Planes } from './resize-planes.js';

/** A map seen in a mirror. */
export function mirrorPlanes(planes: Planes): Planes {
  const { height, width, channels, data } = planes;
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      out.set(data.subarray(from, from + channels), (y * width + width - 1 - x) * channels);
    }
  }
  return { ...planes, data: out };
}
