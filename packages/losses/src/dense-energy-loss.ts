import { assertShape, boxMask, everyNth, fuse } from '@toco/core';
import { latticeFilter, type LatticeTensors } from './lattice-filter.js';
import * as tf from '@tensorflow/tfjs-core';
import { withDerivative } from './with-derivative.js';

/** What {@link denseEnergyLoss} knows of the images; none of it gets a gradient. */
export interface DenseEnergyTargets {
  /** `[B,H,W]`, the labels that the segmentation loss learns from; `ignoreIndex` marks pixels without one. */
  readonly labels: tf.Tensor;
  /** `[B,4]`, boxes of real pixels `[y0,y1,x0,x1]`, ends excluded. */
  readonly imgBox: tf.Tensor;
  /** Bilateral kernel of the smaller images: `denseEnergyLattices`, then `latticeTensors` of `@toco/losses`. */
  readonly lattice: LatticeTensors;
}

/** Options of {@link denseEnergyLoss}. */
export interface DenseEnergyLossOptions {
  /** Label of pixels without a label (255 in ToCo); they are not gated. */
  readonly ignoreIndex: number;
  /** Factor of the energy: 1e-7 in ToCo, on top of the 0.05 of its total loss. */
  readonly weight?: number | undefined;
  /** The filter runs at 1 / this of the size (2 in ToCo), with lattices that were made with the same number. */
  readonly downsample?: number | undefined;
}

/**
 * Dense energy regularization: neighbors of alike color should get alike labels.
 *
 * p = softmax(logits) is halved by 2×2 means; ROI (1 inside the box) and labels by taking every second pixel (or to 1/n by n×n means
 * and every n-th pixel). With
 * S = p·ROI, the gate g = max(ROI − max_k p, 0), or 1 where there is no label, and the bilateral filter K,
 *
 * L = −weight/B · Σ S · g · K S,  ∂L/∂p = −2 · weight/B · g · K S · ROI
 *
 * (gate and kernel held constant and taken as symmetric, as in the reference: this is not quite the derivative of L).
 *
 * Source: the dense energy loss of Tang et al., On Regularized Losses for Weakly-supervised CNN Segmentation,
 * ECCV 2018; ToCo (Ru et al., CVPR 2023) adds it with weight 0.05.
 *
 * @param logits `[B,H,W,K]` at image size, H and W multiples of `downsample`.
 * @param targets labels, boxes and lattices of the same images.
 * @returns The loss, a scalar, ≤ 0.
 * @throws If shapes do not fit or a side is no multiple of `downsample`.
 * @example
 * const lattice = latticeTensors(await denseEnergyLattices(images)); // once per batch, outside the step
 * const loss = denseEnergyLoss(logits, { labels, imgBox, lattice }, { ignoreIndex: 255 });
 */
export function denseEnergyLoss(
  logits: tf.Tensor,
  { labels, imgBox, lattice }: DenseEnergyTargets,
  { ignoreIndex, weight = 1e-7, downsample: n = 2 }: DenseEnergyLossOptions,
): tf.Scalar {
  const {
    B: batch,
    H: height,
    W: width,
  } = assertShape('denseEnergyLoss: logits', logits, ['B', 'H', 'W', 'K']);
  assertShape('denseEnergyLoss: labels', labels, [batch, height, width]);
  assertShape('denseEnergyLoss: imgBox', imgBox, [batch, 4]);
  if (height % n || width % n) {
    throw new Error(
      `denseEnergyLoss: logits of ${height} × ${width} cannot be ${n === 2 ? 'halved; resize them to even sides' : `brought to 1/${n}; resize them to multiples of ${n}`}`,
    );
  }
  const [h, w] = [height / n, width / n];
  return withDerivative(logits, () => {
    const probabilities = tf.softmax(logits as tf.Tensor4D);
    const p = tf.avgPool(probabilities, n, n, 'valid'); // [B,h,w,K]
    // 1 at every n-th pixel that lies inside its image's box: [B,h,w,1]
    const roi = tf.cast(tf.expandDims(boxMask(imgBox, [h, w], { every: n }), 3), 'float32');
    const gate = tf.tidy(() => {
      const unlabeled = tf.equal(everyNth(labels, n), tf.scalar(ignoreIndex, labels.dtype));
      const unsure = tf.relu(tf.sub(roi, tf.max(p, 3, true)));
      return tf.where(tf.expandDims(unlabeled, 3), tf.onesLike(unsure), unsure); // [B,h,w,1]
    });
    const masked = tf.mul<tf.Tensor4D>(p, roi); // S
    const pull = tf.mul(gate, latticeFilter(masked, lattice)); // g · K S
    const value = tf.mul(tf.sum(tf.mul(masked, pull)), -weight / batch);

    const dSmaller = tf.mul(tf.mul(pull, roi), (-2 * weight) / batch / n ** 2);
    return { value, derivative: fuse(throughSoftmax(n))(probabilities, dSmaller) };
  });
}

/** From the derivative of the probabilities at 1/n (1/n² of it per pixel) to that of the logits. */
function throughSoftmax(n: number) {
  return (probabilities: tf.Tensor4D, dSmaller: tf.Tensor): tf.Tensor => {
    const [batch, height, width, classes] = probabilities.shape;
    const [h, w] = [height / n, width / n];
    // Through the n×n mean, each pixel gets its block's derivative; n copies in a row are one block row.
    const dBlock = tf.reshape(dSmaller, [batch * h, 1, w, classes]);
    const dRow = tf.concat(Array<tf.Tensor>(n).fill(dBlock), 3); // [B·h,1,w,n·K]
    return tf.tidy(() => {
      const weighted = tf.reshape(
        tf.mul(tf.reshape(probabilities, [batch * h, n, w, n * classes]), dRow),
        probabilities.shape,
      );
      return tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, 3, true)));
    });
  };
}
