import { assertShape, fuse } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { numGroups } from './group.js';
import { withDerivative, type ValueAndDerivative } from './with-derivative.js';

/** Options of {@link segLoss}. */
export interface SegLossOptions {
  /** Label of pixels that take no part (255 in ToCo). */
  readonly ignoreIndex: number;
  /**
   * Images over which pixels are averaged together; the loss is the mean over such groups. Default: the whole batch.
   * ToCo's published runs had groups of 2 (two images on each GPU, each GPU with its own averages).
   */
  readonly groupSize?: number | undefined;
}

/**
 * Segmentation loss balanced between background and foreground.
 *
 * L = ½ · mean cross entropy over the pixels labeled 0 + ½ · mean cross entropy over the pixels labeled 1 … K−1
 *
 * A set without a pixel contributes 0 (the reference divides 0 by 0 there). The gradient is
 * (softmax − one-hot) · weight of the pixel; it is the only tensor of the size of the logits that outlives the call.
 *
 * Source: ToCo (Ru et al., CVPR 2023), segmentation loss of the total loss, weight 0.1 there.
 *
 * @param logits `[B,H,W,K]`, already resized to the size of the labels.
 * @param labels `[B,H,W]`, 0 = background; `ignoreIndex` and anything else outside 0 … K−1 takes no part.
 * @returns The loss, a scalar.
 * @throws If shapes differ, or `groupSize` does not divide the batch.
 * @example
 * const loss = segLoss(logits, labels, { ignoreIndex: 255 });
 */
export function segLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { ignoreIndex, groupSize }: SegLossOptions,
): tf.Scalar {
  const {
    B: batch,
    H: height,
    W: width,
    K: classes,
  } = assertShape('segLoss: logits', logits, ['B', 'H', 'W', 'K']);
  assertShape('segLoss: labels', labels, [batch, height, width]);
  const groups = numGroups('segLoss', batch, groupSize);
  return withDerivative(logits, () => {
    const target = tf.cast(labels, 'int32');
    const valid = tf.logicalAnd(
      tf.notEqual(target, tf.scalar(ignoreIndex, 'int32')),
      tf.logicalAnd(
        tf.greaterEqual(target, tf.scalar(0, 'int32')),
        tf.less(target, tf.scalar(classes, 'int32')),
      ),
    );
    const isBackground = tf.equal(target, tf.scalar(0, 'int32'));
    const weights = tf.add(
      pixelWeights(tf.logicalAnd(valid, isBackground), groups),
      pixelWeights(tf.logicalAnd(valid, tf.logicalNot(isBackground)), groups),
    ); // [B,H,W]
    return fuse(crossEntropy)(logits, tf.softmax(logits), target, weights);
  });
}

/**
 * Cross entropy from probabilities without their logarithms, which a small one does not have: log p = x − max x + log max p.
 *
 * @param probabilities softmax of the logits; other losses of the same logits ask for it too, and a compiled step computes
 * it once
 * @param weights `[B,H,W]`, of each pixel
 */
function crossEntropy(
  logits: tf.Tensor,
  probabilities: tf.Tensor,
  target: tf.Tensor,
  weights: tf.Tensor,
): ValueAndDerivative {
  const weightPerLogit = tf.expandDims(weights, 3);
  // Compared rather than `oneHot`, which the wasm backend writes out of bounds for ignored labels and wrongly as float32.
  const isLabel = tf.equal(tf.expandDims(target, 3), tf.range(0, logits.shape[3]!, 1, 'int32'));
  const oneHot = tf.mul(tf.cast(isLabel, 'float32'), weightPerLogit); // [B,H,W,K], the weight at the label
  const shifted = tf.sub(logits, tf.max(logits, 3, true));
  const logTop = tf.log(tf.max(probabilities, 3, true)); // [B,H,W,1]
  const value = tf.neg(tf.add(tf.sum(tf.mul(oneHot, shifted)), tf.sum(tf.mul(weightPerLogit, logTop))));
  const derivative = tf.sub(tf.mul(probabilities, weightPerLogit), oneHot);
  return { value, derivative };
}

/** ½ / (pixels of the set in the group) / groups at each pixel of the set, 0 elsewhere; all 0 for an empty set. */
function pixelWeights(set: tf.Tensor, groups: number): tf.Tensor {
  const pixels = tf.reshape(tf.cast(set, 'float32'), [groups, -1]);
  const share = tf.div(0.5 / groups, tf.maximum(tf.sum(pixels, 1, true), 1));
  return tf.reshape(tf.mul(pixels, share), set.shape);
}
