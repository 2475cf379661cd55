import type { Rgb } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** Images with levels 0…255 as a backbone wants them: `(level / 255 − mean) / std`. */
export function normalized(
  images: tf.Tensor4D,
  { mean, std }: { readonly mean: Rgb; readonly std: Rgb },
): tf.Tensor4D {
  const levels = (values: readonly number[]): number[] => values.map((value) => value * 255);
  return tf.tidy(() => tf.div(tf.sub(images, levels(mean)), levels(std)));
}
