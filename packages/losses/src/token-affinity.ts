import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** Options of {@link tokenAffinity}. */
export interface TokenAffinityOptions {
  /** Label of tokens that take no part (255 in ToCo), and the value of pairs that take no part. */
  readonly ignoreIndex: number;
}

/**
 * Pairwise affinity of labeled tokens, the target of {@link ptcLoss}.
 *
 * a_ij = 1 where tokens i and j carry the same label, 0 where they carry different ones, `ignoreIndex` where either
 * is ignored and on the diagonal (a token is no pair with itself).
 *
 * Source: ToCo (Ru et al., CVPR 2023), patch token contrast.
 *
 * @param tokenLabels `[B,N]` or `[B,h,w]`, class indices, 0 = background.
 * @returns `[B,N,N]`, int32.
 * @throws If `ignoreIndex` is 0 or 1, which mean something else in the result.
 * @example
 * const affinity = tokenAffinity(tf.tensor2d([[0, 3, 3, 255]], [1, 4], 'int32'), { ignoreIndex: 255 });
 */
export function tokenAffinity(tokenLabels: tf.Tensor, { ignoreIndex }: TokenAffinityOptions): tf.Tensor3D {
  const { B: batch } = assertShape(
    'tokenAffinity: tokenLabels',
    tokenLabels,
    tokenLabels.rank === 3 ? ['B', 'h', 'w'] : ['B', 'N'],
  );
  if (ignoreIndex === 0 || ignoreIndex === 1) {
    throw new Error(
      `tokenAffinity: ignoreIndex ${ignoreIndex} already means ${ignoreIndex ? 'equal' : 'different'} labels; choose another value, such as 255`,
    );
  }
  return tf.tidy(() => {
    const tokens = tokenLabels.size / batch;
    const labels = tf.cast(tokenLabels, 'int32');
    const row = tf.reshape(labels, [batch, tokens, 1]);
    const column = tf.reshape(labels, [batch, 1, tokens]);
    const ignored = tf.scalar(ignoreIndex, 'int32');
    const labeled = tf.logicalAnd(tf.notEqual(row, ignored), tf.notEqual(column, ignored));
    const index = tf.range(0, tokens, 1, 'int32');
    const different = tf.notEqual(tf.reshape(index, [1, tokens, 1]), tf.reshape(index, [1, 1, tokens]));
    return tf.where(
      tf.logicalAnd(labeled, different),
      tf.cast(tf.equal(row, column), 'int32'),
      tf.fill([batch, tokens, tokens], ignoreIndex, 'int32'),
    );
  });
}
