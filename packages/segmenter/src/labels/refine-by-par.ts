import { par, type RefineOptions } from '@toco/par';
import * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../masks/resize-planes.js';
import type { Refine } from './pseudo-labels.js';

/** Pixels whose weights are computed at once, so that large photographs don't take several kilobytes for each pixel; VOC's images are one part. */
const pixelsAtOnce = 2 ** 18;

/** Refines by pixel-adaptive refinement on the backend that is active. */
export function refineByPar(options: RefineOptions = {}): Refine {
  return async ({ data: image, height, width }, { data, channels }) => {
    const refined = tf.tidy(() => {
      const levels = tf.tensor4d(Float32Array.from(image), [1, height, width, 3]);
      const masks = tf.tensor4d(data, [1, height, width, channels]);
      return par(tf.div(levels, 255), masks, { pixelsAtOnce, ...options });
    });
    try {
      return (await refined.data()) as Float32Array;
    } finally {
      refined.dispose();
    }
  };
}

/** Bytes that {@link refineByPar} takes at most for `channels` planes, background included: above what was measured (EXPERIMENTS.md). */
export function parMemory({ height, width }: Size, channels: number): number {
  const pixels = height * width;
  // The weights of all pixels and their copy, what one strip of them is made of, and the planes.
  return pixels * (700 + 40 * channels) + 2600 * Math.min(pixels, pixelsAtOnce);
}
