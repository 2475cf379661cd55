import { par, type RefineOptions } from '@toco/par';
import * as tf from '@tensorflow/tfjs-core';
import type { Refine } from './pseudo-labels.js';

/** Refines by pixel-adaptive refinement on the backend that is active. */
export function refineByPar(options: RefineOptions = {}): Refine {
  return async ({ data: image, height, width }, { data, channels }) => {
    const refined = tf.tidy(() => {
      const levels = tf.tensor4d(Float32Array.from(image), [1, height, width, 3]);
      return par(tf.div(levels, 255), tf.tensor4d(data, [1, height, width, channels]), options);
    });
    try {
      return (await refined.data()) as Float32Array;
    } finally {
      refined.dispose();
    }
  };
}
