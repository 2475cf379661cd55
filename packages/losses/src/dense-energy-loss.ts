import { assertShape, boxMask, everySecond, fuse } from '@toco/core';
import { latticeFilter, type LatticeTensors } from './lattice-filter.js';
import * as tf from '@tensorflow/tfjs-core';
import { withDerivative } from './with-derivative.js';

/** What {@link denseEnergyLoss} knows of the images; none of it gets a gradient. */
export interface DenseEnergyTargets {
  /** `[B,H,W]`, the labels that the segmentation loss learns from; `ignoreIndex` marks pixels without one. */
  readonly labels: tf.Tensor;
  /** `[B,4]`, boxes of real pixels `[y0,y1,x0,x1]`, ends excluded. */
  readonly imgBox: tf.Tensor;
  /** Bilateral kernel of the half-size images: `denseEnergyLattices`, then `latticeTensors` of `@toco/losses`. */
  readonly lattice: LatticeTensors;
}

/** Options of {@link denseEnergyLoss}. */
export interface DenseEnergyLossOptions {
  /** Label of pixels without a label (255 in ToCo); they are not gated. */
  readonly ignoreIndex: number;
  /** Factor of the energy: 1e-7 in ToCo, on top of the 0.05 of its total loss. */
  readonly weight?: number | undefined;
}

/**
 * Dense energy regularisation: neighbours of alike color should get alike labels.
 *
 * p = softmax(logits) is halved by 2×2 means; ROI (1 inside the box) and labels by taking every second pixel. With
 * S = p·ROI, the gate g = max(ROI − max_k p, 0), or 1 where there is no label, and the bilateral filter K,
 *
 * L = −weight/B · Σ S · g · K S,  ∂L/∂p = −2 · weight/B · g · K S · ROI
 *
 * (gate and kernel held constant and taken as symmetric, as in the reference: this is not quite the derivative of L).
 *
 * Source: the dense energy loss of Tang et al., On Regularized Losses for Weakly-supervised CNN Segmentation,
 * ECCV 2018; ToCo (Ru et al., CVPR 2023) adds it with weight 0.05.
 *
 * @param logits `[B,H,W,K]` at image size, H and W even.
 * @param targets labels, boxes and lattices of the same images.
 * @returns The loss, a scalar, ≤ 0.
 * @throws If shapes do not fit or a side is odd.
 * @example
 * const lattice = latticeTensors(await denseEnergyLattices(images)); // once per batch, outside the step
 * const loss = denseEnergyLoss(logits, { labels, imgBox, lattice }, { ignoreIndex: 255 });
 */
export function denseEnergyLoss(
  logits: tf.Tensor,
  { labels, imgBox, lattice }: DenseEnergyTargets,
  { ignoreIndex, weight = 1e-7 }: DenseEnergyLossOptions,
): tf.Scalar {
  const {
    B: batch,
    H: height,
    W: width,
  } = assertShape('denseEnergyLoss: logits', logits, ['B', 'H', 'W', 'K']);
  assertShape('denseEnergyLoss: labels', labels, [batch, height, width]);
  assertShape('denseEnergyLoss: imgBox', imgBox, [batch, 4]);
  if (height % 2 || width % 2) {
    throw new Error(
      `denseEnergyLoss: logits of ${height} × ${width} cannot be halved; resize them to even sides`,
    );
  }
  const [h, w] = [height / 2, width / 2];
  return withDerivative(logits, () => {
    const probabilities = tf.softmax(logits as tf.Tensor4D);
    const p = tf.avgPool(probabilities, 2, 2, 'valid'); // [B,h,w,K]
    // 1 at every second pixel that lies inside its image's box: [B,h,w,1]
    const roi = tf.cast(tf.expandDims(boxMask(imgBox, [h, w], { every: 2 }), 3), 'float32');
    const gate = tf.tidy(() => {
      const unlabelled = tf.equal(everySecond(labels), tf.scalar(ignoreIndex, labels.dtype));
      const unsure = tf.relu(tf.sub(roi, tf.max(p, 3, true)));
      return tf.where(tf.expandDims(unlabelled, 3), tf.onesLike(unsure), unsure); // [B,h,w,1]
    });
    const masked = tf.mul<tf.Tensor4D>(p, roi); // S
    const pull = tf.mul(gate, latticeFilter(masked, lattice)); // g · K S
    const value = tf.mul(tf.sum(tf.mul(masked, pull)), -weight / batch);

    const dHalved = tf.mul(tf.mul(pull, roi), (-2 * weight) / batch / 4);
    return { value, derivative: fuse(throughSoftmax)(probabilities, dHalved) };
  });
}

/** From the derivative of the halved probabilities (a quarter of it per pixel) to that of the logits. */
function throughSoftmax(probabilities: tf.Tensor4D, dHalved: tf.Tensor): tf.Tensor {
  const [batch, height, width, classes] = probabilities.shape;
  const [h, w] = [height / 2, width / 2];
  // Through the 2×2 mean, each pixel gets its block's derivative; two copies in a row are one block row.
  const dBlock = tf.reshape(dHalved, [batch * h, 1, w, classes]);
  const dRow = tf.concat([dBlock, dBlock], 3); // [B·h,1,w,2K]
  return tf.tidy(() => {
    const weighted = tf.reshape(
      tf.mul(tf.reshape(probabilities, [batch * h, 2, w, 2 * classes]), dRow),
      probabilities.shape,
    );
    return tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, 3, true)));
  });
}
