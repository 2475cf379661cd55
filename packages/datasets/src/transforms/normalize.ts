import type { RgbImage } from '../image/rgb-image.js';

/** Mean and standard deviation of each channel, of values in 0…1. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Statistics of ImageNet, used by the backbones of the paper (section 5.1). */
export const imageNetNormalization: Normalization = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/**
 * (value / 255 − mean) / std per channel: `[height, width, 3]`.
 *
 * @param out takes the result, e.g. its part of a batch; default: a new array
 */
export function normalize(
  { data }: RgbImage,
  { mean, std }: Normalization,
  out: Float32Array = new Float32Array(data.length),
): Float32Array {
  const [red, green, blue] = mean.map((m, c) => normalizedValues(m, std[c]!)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let p = 0; p < data.length; p += 3) {
    out[p] = red[data[p]!]!;
    out[p + 1] = green[data[p + 1]!]!;
    out[p + 2] = blue[data[p + 2]!]!;
  }
  return out;
}

function normalizedValues(mean: number, std: number): Float32Array {
  const values = new Float32Array(256);
  for (let value = 0; value < 256; value++) values[value] = (value / 255 - mean) / std;
  return values;
}
