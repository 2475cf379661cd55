import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A CAM without the classes that the image does not hold: their planes become 0.
 *
 * @param cam `[B,h,w,C]`.
 * @param labels `[B,C]`, 1 where the image holds the class, else 0.
 * @returns `[B,h,w,C]`.
 * @example
 * const valid = validCam(cam, labels);
 */
export function validCam(cam: tf.Tensor, labels: tf.Tensor): tf.Tensor4D {
  const { B, C } = assertShape('validCam: cam', cam, ['B', 'h', 'w', 'C']);
  assertShape('validCam: labels', labels, [B, C]);
  return tf.tidy(() => tf.mul(cam, tf.reshape(tf.cast(labels, 'float32'), [B, 1, 1, C])));
}
