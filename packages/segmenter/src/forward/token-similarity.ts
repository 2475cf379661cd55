import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean cosine similarity over all pairs of different patch tokens of an image, averaged over the batch (paper, fig. 2).
 *
 * With unit tokens f̂ the sum over all pairs is |Σ f̂|², of which the N equal pairs contribute 1 each:
 * (|Σ f̂|² − N) / (N(N−1)), without the N×N matrix.
 *
 * @param tokens `[B, N, D]` patch tokens, N > 1
 * @returns scalar in −1…1
 */
export function tokenSimilarity(tokens: tf.Tensor3D): tf.Scalar {
  return tf.tidy(() => {
    const count = tokens.shape[1];
    const norms = tf.sqrt(tf.sum(tf.square(tokens), 2, true));
    const unit = tf.div(tokens, tf.maximum(norms, 1e-8));
    const total = tf.sum(tf.square(tf.sum(unit, 1)), 1);
    return tf.mean(tf.div(tf.sub(total, count), count * (count - 1)));
  });
}
