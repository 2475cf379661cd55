import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { withDerivative } from './with-derivative.js';

/**
 * Multilabel soft margin loss: binary cross entropy with logits, averaged over classes and images.
 *
 * L = −1/(B·C) Σ y·log σ(x) + (1 − y)·log(1 − σ(x))
 *
 * ToCo applies it to the logits of both classifiers (L_cls and L_cls_aux of the total loss), each with weight 1.
 *
 * @param logits `[B,C]`, one per image and foreground class.
 * @param labels `[B,C]`, 1 where the image holds the class, else 0; gets no gradient.
 * @returns The loss, a scalar; finite for logits of any size.
 * @throws If the shapes differ.
 * @example
 * const loss = clsLoss(tf.tensor2d([[2, -1, 0.5]]), tf.tensor2d([[1, 0, 0]]));
 */
export function clsLoss(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const { B: batch, C: classes } = assertShape('clsLoss: logits', logits, ['B', 'C']);
  assertShape('clsLoss: labels', labels, [batch, classes]);
  return withDerivative(logits, () => {
    const count = batch * classes;
    const y = tf.cast(labels, 'float32');
    // log(1 + exp(−|logits|)) + max(logits, 0) − logits·y neither overflows nor loses the small losses of confident logits.
    const terms = tf.add(
      tf.log1p(tf.exp(tf.neg(tf.abs(logits)))),
      tf.sub(tf.relu(logits), tf.mul(logits, y)),
    );
    return {
      value: tf.div(tf.sum(terms), count),
      derivative: tf.div(tf.sub(tf.sigmoid(logits), y), count),
    };
  });
}
