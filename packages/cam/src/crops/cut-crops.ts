import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Cuts the local crops from the local source view.
 *
 * Pixels are copied by index, so values are exact. Not differentiated.
 *
 * @param source `[B,H,W,3]`, normalized local source, aligned with the main view.
 * @param origins `[B,P,2]`, y and x of the top-left corners, from `drawCrops`.
 * @param cropSize s: side of a crop in pixels (96 in ToCo).
 * @returns `[P·B,s,s,3]`, view-major: row = crop·B + image, as `ctcLoss` expects its student rows.
 * @example
 * const crops = cutCrops(localSource, origins, 96);
 */
export function cutCrops(source: tf.Tensor, origins: tf.Tensor, cropSize: number): tf.Tensor4D {
  const { B, H, W, C } = assertShape('cutCrops: source', source, ['B', 'H', 'W', 'C']);
  const { P } = assertShape('cutCrops: origins', origins, [B, 'P', 2]);
  return tf.tidy(() => {
    const [y, x] = tf
      .split(tf.transpose(tf.cast(origins, 'int32'), [1, 0, 2]), 2, 2)
      .map((part) => tf.reshape(part, [P, B, 1, 1])) as [tf.Tensor, tf.Tensor];
    const step = tf.range(0, cropSize, 1, 'int32');
    const firstRows = tf.reshape(tf.range(0, B * H, H, 'int32'), [1, B, 1, 1]); // of images one below the other
    const rows = tf.add(tf.add(y, firstRows), tf.reshape(step, [1, 1, cropSize, 1])); // [P,B,s,1]
    const columns = tf.add(x, tf.reshape(step, [1, 1, 1, cropSize])); // [P,B,1,s]
    const pixels = tf.add(tf.mul(rows, tf.scalar(W, 'int32')), columns); // [P,B,s,s]
    // One gather of pixels: gathers with batch dimensions give wrong values on the wasm backend, cropAndResize has no
    // place in XLA.
    const cut = tf.gather(tf.reshape(source, [B * H * W, C]), tf.reshape<tf.Rank.R1>(pixels, [pixels.size]));
    return tf.reshape(cut, [P * B, cropSize, cropSize, C]);
  });
}
