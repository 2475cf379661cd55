import type { Passes } from '../protocol/protocol.js';
import { fusedStrips, type ScaleMaps } from './fuse-maps.js';
import type { Planes, Size } from './resize-planes.js';

/**
 * One normalized CAM from raw ones at several scales: `fuseCams` of `@toco/cam` on the host, for any size without a graph of its
 * own. With m fused at `size`, (m − min m) / (max(m − min m) + 1e-5) for each plane.
 */
export function fuseCamPlanes(scales: readonly ScaleMaps[], size: Size, passes: Passes): Planes {
  const { channels } = scales[0]!.plain;
  const data = new Float32Array(size.height * size.width * channels);
  if (channels > 0) {
    for (const { top, planes } of fusedStrips(scales, size, { ...passes, rectify: true }))
      data.set(planes.data, top * size.width * channels);
  }
  return scaledToOne({ ...size, channels, data }, { epsilon: 1e-5 });
}

/** Planes whose values go from 0 to 1 (a little less with `epsilon`), in place. */
export function scaledToOne(planes: Planes, { epsilon }: { readonly epsilon: number }): Planes {
  const { channels, data } = planes;
  const least = new Float32Array(channels).fill(Infinity);
  const most = new Float32Array(channels).fill(-Infinity);
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      const value = data[i + c]!;
      if (value < least[c]!) least[c] = value;
      if (value > most[c]!) most[c] = value;
    }
  }
  const range = most.map((value, c) => value - least[c]! + epsilon);
  for (let i = 0; i < data.length; i += channels)
    for (let c = 0; c < channels; c++) data[i + c] = (data[i + c]! - least[c]!) / range[c]!;
  return planes;
}

/** The planes of some channels. */
export function selectPlanes(planes: Planes, channels: readonly number[]): Planes {
  const { height, width, data } = planes;
  const out = new Float32Array(height * width * channels.length);
  for (let i = 0, to = 0; i < data.length; i += planes.channels)
    for (const channel of channels) out[to++] = data[i + channel]!;
  return { height, width, channels: channels.length, data: out };
}
