import * as tf from '@tensorflow/tfjs-core';

/** The longest wave is so many times as long as the shortest. */
const RATIO = 100;

/**
 * Positions made of sines and cosines along both axes, for a network that is trained from scratch: ToCo keeps positions
 * fixed, and random ones would say nothing of neighborhood.
 *
 * @param dim length of a token, a multiple of 4
 * @returns `[1, 1 + h·w, dim]`, zero for the class token
 */
export function wavePositions([h, w]: readonly [number, number], dim: number): tf.Tensor3D {
  const waves = dim / 4;
  const data = new Float32Array((1 + h * w) * dim);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = (1 + y * w + x) * dim;
      for (let k = 0; k < waves; k++) {
        const frequency = RATIO ** (-k / waves);
        data[at + k] = Math.sin(y * frequency) / 2;
        data[at + waves + k] = Math.cos(y * frequency) / 2;
        data[at + 2 * waves + k] = Math.sin(x * frequency) / 2;
        data[at + 3 * waves + k] = Math.cos(x * frequency) / 2;
      }
    }
  }
  return tf.tensor3d(data, [1, 1 + h * w, dim]);
}
