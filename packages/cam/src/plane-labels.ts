import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Labels (class index + 1) of the planes that an arg max names.
 *
 * @param plane `[B,H,W]`, int32, indices of planes.
 * @param classes `[B,M]`, class index of each plane; default: plane c is class c.
 * @returns `[B,H,W]`, int32.
 */
export function planeLabels(plane: tf.Tensor, classes: tf.Tensor | undefined): tf.Tensor3D {
  const one = tf.scalar(1, 'int32');
  if (!classes) return tf.add(plane, one);
  const { M } = assertShape('classes', classes, [plane.shape[0], 'M']);
  return tf.tidy(() => {
    const numbers = tf.add(tf.cast(classes, 'int32'), one);
    // A sum over few planes rather than a gather by index: the planes are few, and every backend is fast at it.
    const terms = tf.split(numbers, M, 1).map((number, index) => {
      const here = tf.cast(tf.equal(plane, tf.scalar(index, 'int32')), 'int32');
      return tf.mul(here, tf.reshape(number, [-1, 1, 1]));
    });
    return tf.addN(terms) as tf.Tensor3D;
  });
}
