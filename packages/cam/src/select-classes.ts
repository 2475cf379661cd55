import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The planes of the classes that each image holds, so that absent classes cost nothing downstream.
 *
 * An image of VOC holds 1.5 classes of 20 on average, one of COCO 2.9 of 80; every map behind this point is that much
 * smaller. Labels made from selected planes get the same `classes` to name them.
 *
 * @param cam `[B,h,w,C]`, one plane per class.
 * @param classes `[B,M]`, indices 0 … C−1 in ascending order, padded with −1 to a fixed M.
 * @returns `[B,h,w,M]`; a padding plane repeats class 0 and is masked by `classLabels(classes)`.
 * @example
 * const few = selectClasses(cam, tf.tensor2d([[2, 11, -1]], [1, 3], 'int32')); // [1,h,w,3]
 */
export function selectClasses(cam: tf.Tensor, classes: tf.Tensor): tf.Tensor4D {
  const { B, h, w, C } = assertShape('selectClasses: cam', cam, ['B', 'h', 'w', 'C']);
  const { M } = assertShape('selectClasses: classes', classes, [B, 'M']);
  return tf.tidy(() => {
    const first = tf.reshape(tf.range(0, B * C, C, 'int32'), [B, 1]); // plane 0 of each image
    const planes = tf.add(tf.maximum(tf.cast(classes, 'int32'), tf.scalar(0, 'int32')), first);
    // One gather of whole planes: gathers with batch dimensions give wrong values on the wasm backend.
    const selected = tf.gather(
      tf.reshape(tf.transpose(cam, [0, 3, 1, 2]), [B * C, h * w]),
      tf.reshape<tf.Rank.R1>(planes, [B * M]),
    );
    return tf.transpose(tf.reshape<tf.Rank.R4>(selected, [B, M, h, w]), [0, 2, 3, 1]);
  });
}

/**
 * Which planes of `selectClasses` stand for a class: 1, or 0 for padding.
 *
 * @param classes `[B,M]`, class indices padded with −1.
 * @returns `[B,M]`, float32: the `labels` of the selected planes.
 * @example
 * const mask = regionMask(selectClasses(camAux, classes), classLabels(classes));
 */
export function classLabels(classes: tf.Tensor): tf.Tensor2D {
  assertShape('classLabels: classes', classes, ['B', 'M']);
  return tf.tidy(() => tf.cast(tf.greaterEqual(classes, tf.scalar(0, classes.dtype)), 'float32'));
}
