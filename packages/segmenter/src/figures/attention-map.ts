import type { Planes } from '../masks/resize-planes.js';

/**
 * What the class token looks at (ToCo, figure 7): the mean of its attention to each patch over all heads, scaled so that the
 * strongest is 1 and the weakest 0.
 *
 * @param attention `[h,w,heads]` on the token grid
 * @returns `[h,w,1]`
 */
export function attentionMap({ height, width, channels, data }: Planes): Planes {
  const mean = Float32Array.from({ length: height * width }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[i * channels + c]!;
    return sum / channels;
  });
  const [least, most] = mean.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  const range = most - least;
  return { height, width, channels: 1, data: mean.map((value) => (range > 0 ? (value - least) / range : 0)) };
}
