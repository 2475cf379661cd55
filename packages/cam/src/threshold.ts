import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** A threshold of certainties: one number, or `[B,C]` one for each plane of each image. */
export type Threshold = number | tf.Tensor;

/**
 * The threshold of each pixel, that of the plane which is most certain there, as `[B,h,w]`; a number stays one.
 *
 * @param valid `[B,h,w,C]` CAM without the classes that the image does not hold
 */
export function thresholdOfPixels(threshold: Threshold, valid: tf.Tensor4D): number | tf.Tensor3D {
  if (typeof threshold === 'number') return threshold;
  const [B, , , C] = valid.shape;
  assertShape('threshold', threshold, [B, C]);
  // A product and a sum with zeros are exact: equal thresholds give what one number gives.
  return tf.tidy(() => {
    const chosen = tf.oneHot(tf.argMax<tf.Tensor3D>(valid, 3), C, 1, 0, 'float32');
    return tf.sum<tf.Tensor3D>(tf.mul(chosen, tf.reshape(threshold, [B, 1, 1, C])), 3);
  });
}
