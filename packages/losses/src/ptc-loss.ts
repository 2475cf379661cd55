import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { numGroups } from './group.js';
import { withDerivative } from './with-derivative.js';

/** Options of {@link ptcLoss}. */
export interface PtcLossOptions {
  /**
   * Images over which pairs are counted together; the loss is the mean over such groups. Default: the whole batch.
   * ToCo's published runs had groups of 2 (two images on each GPU, each GPU with its own counts).
   */
  readonly groupSize?: number | undefined;
  /** What of the cosine counts: its `absolute` value as in ToCo, or the cosine itself, `signed`, which ToCo argues against. */
  readonly cosine?: 'absolute' | 'signed' | undefined;
  /** Lower bound of a token's norm (1e-8 in ToCo). */
  readonly epsilon?: number | undefined;
}

/**
 * Patch token contrast: pulls tokens of equal labels together and pushes tokens of different labels apart.
 *
 * L = ½ (1 − Σ₊ s_ij / (N₊ + 1)) + ½ Σ₋ s_ij / (N₋ + 1), with s_ij = |cos(F_i, F_j)|, or cos(F_i, F_j) where `cosine` is `signed`,
 *
 * over the positive pairs (affinity 1) and the negative ones (affinity 0) of a group of images; pairs of any other
 * affinity take no part. Value and gradient cost two batched matrix products together; nothing of size N×N outlives
 * the call.
 *
 * Source: ToCo (Ru et al., CVPR 2023), patch token contrast; weight 0.2 in its total loss.
 *
 * @param patchTokens `[B,N,D]`, tokens of the last block after the final norm.
 * @param affinity `[B,N,N]`, from `tokenAffinity`; need not be symmetric; gets no gradient.
 * @returns The loss, a scalar in 0 … 1 (−½ … 1½ with signed cosines).
 * @throws If shapes do not fit, or `groupSize` does not divide the batch.
 * @example
 * const affinity = tokenAffinity(tokenLabels, { ignoreIndex: 255 });
 * const loss = ptcLoss(patchTokens, affinity);
 */
export function ptcLoss(
  patchTokens: tf.Tensor,
  affinity: tf.Tensor,
  { groupSize, cosine: kind = 'absolute', epsilon = 1e-8 }: PtcLossOptions = {},
): tf.Scalar {
  const { B: batch, N: tokens } = assertShape('ptcLoss: patchTokens', patchTokens, ['B', 'N', 'D']);
  assertShape('ptcLoss: affinity', affinity, [batch, tokens, tokens]);
  const groups = numGroups('ptcLoss', batch, groupSize);
  return withDerivative(patchTokens, () => {
    const weights = tf.tidy(() => tf.sub(pairWeights(affinity, 0, groups), pairWeights(affinity, 1, groups))); // [B,N,N]
    const length = tf.sqrt(tf.sum(tf.square(patchTokens), 2, true)); // [B,N,1]
    const norm = tf.maximum(length, epsilon);
    const unit = tf.div(patchTokens, norm);
    const cosine = tf.matMul(unit, unit, false, true);
    const signed = kind === 'signed';
    const value = tf.add(0.5, tf.sum(tf.mul(weights, signed ? cosine : tf.abs(cosine))));
    const dCosine = signed ? weights : tf.mul(weights, tf.sign(cosine));
    // One product with the symmetric part: half the time of two products with the matrix and its transpose.
    const dUnit = tf.matMul(tf.add(dCosine, tf.transpose(dCosine, [0, 2, 1])), unit);
    // A vector held at the clamp is scaled by a constant; only true normalization removes the radial part.
    const radial = tf.mul(
      tf.sum(tf.mul(unit, dUnit), 2, true),
      tf.cast(tf.greater(length, epsilon), 'float32'),
    );
    return { value, derivative: tf.div(tf.sub(dUnit, tf.mul(unit, radial)), norm) };
  });
}

/** ½ / (pairs of this affinity in the group + 1) / groups at each such pair, 0 elsewhere: `[B,N,N]`. */
function pairWeights(affinity: tf.Tensor, kind: 0 | 1, groups: number): tf.Tensor {
  const pairs = tf.cast(tf.equal(affinity, tf.scalar(kind, affinity.dtype)), 'float32');
  const grouped = tf.reshape(pairs, [groups, -1]);
  const share = tf.div(0.5 / groups, tf.add(tf.sum(grouped, 1, true), 1));
  return tf.reshape(tf.mul(grouped, share), affinity.shape);
}
