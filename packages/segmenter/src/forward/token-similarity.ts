import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean cosine similarity over all pairs of different patch tokens, of each image.
 *
 * With unit tokens f̂ the sum over all pairs is |Σ f̂|², of which the N equal pairs contribute 1 each:
 * (|Σ f̂|² − N) / (N(N−1)), without the N×N matrix.
 *
 * @param tokens `[B, N, D]` patch tokens, N > 1
 * @returns `[B]` in −1…1
 */
export function tokenSimilarities(tokens: tf.Tensor3D): tf.Tensor1D {
  return tf.tidy(() => {
    const count = tokens.shape[1];
    const norms = tf.sqrt(tf.sum(tf.square(tokens), 2, true));
    const unit = tf.div(tokens, tf.maximum(norms, 1e-8));
    const total = tf.sum(tf.square(tf.sum(unit, 1)), 1);
    return tf.div(tf.sub(total, count), count * (count - 1));
  });
}

/** `tokenSimilarities` averaged over the batch (paper, fig. 2), a scalar in −1…1. */
export function tokenSimilarity(tokens: tf.Tensor3D): tf.Scalar {
  return tf.tidy(() => tf.mean(tokenSimilarities(tokens)));
}

/** The patch tokens of every block out of the tap `tokens`, without what stands before them. */
export function patchTokensOf(
  tokens: readonly tf.Tensor3D[],
  { classToken, prefixTokens = classToken === 'learned' ? 1 : 0 }: Prefix,
): tf.Tensor3D[] {
  return tokens.map((all) => {
    const [, count, dim] = all.shape;
    return tf.slice(all, [0, prefixTokens, 0], [-1, count - prefixTokens, dim]);
  });
}

/** What a backbone says of the tokens before its patches. */
interface Prefix {
  readonly classToken: 'learned' | 'pooled';
  readonly prefixTokens?: number;
}
