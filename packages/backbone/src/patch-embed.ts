import * as tf from '@tensorflow/tfjs-core';
import type { Grid } from './backbone.js';

/** Parameters of the patch embedding, a convolution whose stride is its size `p`. */
export interface PatchEmbedParams {
  readonly proj: {
    /** `[p,p,3,D]`; in files `[D,3,p,p]`. */
    readonly weight: tf.Tensor4D;
    /** `[D]`, where there is one. */
    readonly bias?: tf.Tensor1D;
  };
}

/** Number of whole patches in an image, rows and columns. */
export function patchGrid([height, width]: readonly [number, number], patchSize: number): Grid {
  return [Math.floor(height / patchSize), Math.floor(width / patchSize)];
}

/**
 * Cuts images into patches and maps each to a token. What does not fill a whole patch at the right and lower edges is left
 * out, as by the convolution.
 *
 * One matrix product instead of a convolution: the patches do not overlap, so the values are the same, and its gradient
 * needs no convolution kernels (the wasm backend lacks them).
 *
 * @param images `[B,H,W,3]`
 * @returns `[B,N,D]`
 */
export function patchEmbed(params: PatchEmbedParams, images: tf.Tensor4D): tf.Tensor3D {
  const { weight, bias } = params.proj;
  const [patchSize, , channels, width] = weight.shape;
  const [batch, height, columns] = images.shape;
  const [h, w] = patchGrid([height, columns], patchSize);
  const whole =
    height === h * patchSize && columns === w * patchSize
      ? images
      : tf.slice(images, [0, 0, 0, 0], [batch, h * patchSize, w * patchSize, channels]);
  const rows = tf.reshape(whole, [batch, h, patchSize, w, patchSize * channels]);
  const patches = tf.reshape(tf.transpose(rows, [0, 1, 3, 2, 4]), [
    batch * h * w,
    patchSize * patchSize * channels,
  ]);
  const flat = tf.reshape(weight, [patchSize * patchSize * channels, width]);
  const tokens = tf.matMul(patches, flat);
  return tf.reshape(bias ? tf.add(tokens, bias) : tokens, [batch, h * w, width]);
}
