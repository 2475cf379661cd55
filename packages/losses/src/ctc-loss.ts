import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { withDerivative } from './with-derivative.js';

/** Options of {@link ctcLoss}. */
export interface CtcLossOptions {
  /** Temperature τ of the similarities: 0.5 in ToCo's VOC runs, 1.0 in its COCO run. */
  readonly temperature?: number | undefined;
  /** ε beside the sum over negatives and, times the number of views, beside the number of positives: 1e-4 in ToCo. */
  readonly epsilon?: number | undefined;
  /** Whether the term −log(1 / (1 + N₋ + ε)), which the reference has and the paper's eq. 4 has not, is added (default: yes). */
  readonly negativesTerm?: boolean | undefined;
}

/**
 * Class token contrast: InfoNCE between global views (teacher) and global views and local crops (student).
 *
 * With z_gj = teacher_g · student_j / τ and N₋ = Σ exp z_gj over the image's negative crops, the loss of an image is
 *
 * Σ_g [ Σ_{j positive} −log(e^{z_gj} / (e^{z_gj} + N₋ + ε)) − log(1 / (1 + N₋ + ε)) ] / (G·(#positives + ε)),
 *
 * averaged over images. The last term does not depend on any positive; the reference adds it once per teacher view
 * and so do we, unless `negativesTerm` is false. Everything is computed through log N₋, so no similarity is large enough to overflow.
 *
 * Source: ToCo (Ru et al., CVPR 2023), eq. 4; weight 0.5 in its total loss.
 *
 * @param student `[V·B,D]`, projected class tokens of all views, view-major: row = view·B + image.
 * @param teacher `[G·B,D]`, the momentum projection of the G global views, view-major; gets no gradient.
 * @param flags `[B,V]`, 1 where a view is a positive (the student's global views among them), 0 where a negative.
 * @returns The loss, a scalar.
 * @throws If rows and flags do not fit together.
 * @example
 * // one image, two global views and two crops, the second of which shows background
 * const loss = ctcLoss(student, teacher, tf.tensor2d([[1, 1, 1, 0]]), { temperature: 0.5 });
 */
export function ctcLoss(
  student: tf.Tensor,
  teacher: tf.Tensor,
  flags: tf.Tensor,
  { temperature = 0.5, epsilon = 1e-4, negativesTerm = true }: CtcLossOptions = {},
): tf.Scalar {
  const { B: batch, V: views } = assertShape('ctcLoss: flags', flags, ['B', 'V']);
  const { D: dim } = assertShape('ctcLoss: student', student, [views * batch, 'D']);
  const { rows } = assertShape('ctcLoss: teacher', teacher, ['rows', dim]);
  const globals = rows / batch;
  if (!Number.isInteger(globals)) {
    throw new Error(
      `ctcLoss: teacher has ${rows} rows, no multiple of the ${batch} images of flags; give every global view of every image`,
    );
  }
  return withDerivative(student, () => {
    const s = tf.transpose(tf.reshape(student, [views, batch, dim]), [1, 0, 2]); // [B,V,D]
    const t = tf.transpose(tf.reshape(teacher, [globals, batch, dim]), [1, 0, 2]); // [B,G,D]
    const z = tf.div(tf.matMul(t, s, false, true), temperature); // [B,G,V]
    const positive = tf.cast(tf.greater(tf.reshape(flags, [batch, 1, views]), 0), 'float32');
    const negative = tf.sub(1, positive);

    // log(N₋ + ε), shifted by the largest of its terms
    const floor = Math.log(epsilon);
    const shift = tf.maximum(
      tf.max(tf.add(tf.mul(z, negative), tf.mul(floor, positive)), 2, true),
      tf.fill([batch, globals, 1], floor),
    );
    const shifted = tf.mul(negative, tf.exp(tf.minimum(tf.sub(z, shift), 0)));
    const sum = tf.add(tf.sum(shifted, 2, true), tf.exp(tf.sub(floor, shift)));
    const logNegatives = tf.add(tf.log(sum), shift); // [B,G,1]

    const share = tf.div(1 / (globals * batch), tf.add(tf.sum(positive, 2, true), epsilon)); // [B,1,1]
    const margin = tf.sub(logNegatives, z);
    const ofPositives = tf.sum(tf.mul(positive, tf.softplus(margin)), 2, true);
    const perView = negativesTerm ? tf.add(ofPositives, tf.softplus(logNegatives)) : ofPositives;

    const pull = tf.mul(positive, tf.sigmoid(margin)); // −∂/∂z of the positives' own terms
    const pulls = tf.sum(pull, 2, true);
    const push = negativesTerm ? tf.add(pulls, tf.sigmoid(logNegatives)) : pulls; // ∂/∂ log(N₋ + ε)
    const dz = tf.mul(share, tf.sub(tf.mul(push, tf.div(shifted, sum)), pull));
    const ds = tf.div(tf.matMul(dz, t, true), temperature); // [B,V,D]
    return {
      value: tf.sum(tf.mul(share, perView)),
      derivative: tf.reshape(tf.transpose(ds, [1, 0, 2]), student.shape),
    };
  });
}
