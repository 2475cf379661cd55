import type { RgbImage } from '../image/rgb-image.js';

/** Mean and standard deviation of each channel, of values in 0…1. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Statistics of ImageNet, used by the backbones of the paper (METHOD section 1). */
export const imageNetNormalization: Normalization = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** (value / 255 − mean) / std per channel: `[height, width, 3]`. */
export function normalize(image: RgbImage, { mean, std }: Normalization): Float32Array {
  const tables = mean.map((m, c) =>
    Float32Array.from({ length: 256 }, (_, value) => (value / 255 - m) / std[c]!),
  );
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  const { data } = image;
  const out = new Float32Array(data.length);
  for (let p = 0; p < data.length; p += 3) {
    out[p] = red[data[p]!]!;
    out[p + 1] = green[data[p + 1]!]!;
    out[p + 2] = blue[data[p + 2]!]!;
  }
  return out;
}
