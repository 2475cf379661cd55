import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';

/**
 * Patch embedding of a vision transformer: a convolution whose stride is the size of its filter, as one product of matrices.
 *
 * @param images [B,H,W,C], H and W multiples of the patch size p
 * @param weight [p,p,C,D]
 * @param bias [D]
 * @returns [B,H/p,W/p,D]
 * @throws where the images are not a whole number of patches
 * @example
 * const tokens = patchEmbed(images, weight, bias); // [B,448,448,3], [16,16,3,D] → [B,28,28,D]
 */
export function patchEmbed(images: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor4D {
  const { B, H, W, C } = assertShape('patchEmbed: images', images, ['B', 'H', 'W', 'C']);
  const { p, D } = assertShape('patchEmbed: weight', weight, ['p', 'p', C, 'D']);
  if (bias) assertShape('patchEmbed: bias', bias, [D]);
  if (H % p !== 0 || W % p !== 0) {
    throw new Error(`patchEmbed: images are ${H}×${W}, expected multiples of the patch size ${p}`);
  }
  const [h, w] = [H / p, W / p];
  return tf.tidy(() => {
    const rows = tf.transpose(tf.reshape(images, [B, h, p, w, p * C]), [0, 1, 3, 2, 4]); // [B,h,w,p,p·C]
    const product = tf.matMul(tf.reshape(rows, [B * h * w, p * p * C]), tf.reshape(weight, [p * p * C, D]));
    return tf.reshape(bias ? tf.add(product, bias) : product, [B, h, w, D]);
  });
}
