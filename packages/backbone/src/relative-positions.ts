import * as tf from '@tensorflow/tfjs-core';

/**
 * What relative positions add to the scores of the tokens of one window: the tokens at `(i,j)` and `(k,l)` take row
 * `(i − k + s − 1)·(2s − 1) + (j − l + s − 1)` of the table, for windows of `s×s` tokens.
 *
 * Two products with a matrix of ones and zeros, along rows and along columns: their gradients are products as well, which
 * sum in the same order every time and need no scatter.
 *
 * @param table `[(2s−1)²,heads]`
 * @returns `[1,heads,s²,s²]`
 */
export function relativePositionBias(table: tf.Tensor2D, window: number): tf.Tensor4D {
  const [, heads] = table.shape;
  const span = 2 * window - 1;
  const pairs = window * window;
  const choice = differences(window); // [pairs,span]
  const rows = tf.matMul(choice, tf.reshape(table, [span, span * heads])); // [(i,k),span·heads]
  const columns = tf.transpose(tf.reshape(rows, [pairs, span, heads]), [1, 0, 2]); // [span,(i,k),heads]
  const both = tf.matMul(choice, tf.reshape(columns, [span, pairs * heads])); // [(j,l),(i,k)·heads]
  const apart = tf.reshape(both, [window, window, window, window, heads]); // j,l,i,k,heads
  return tf.reshape(tf.transpose(apart, [4, 2, 0, 3, 1]), [1, heads, pairs, pairs]);
}

/** `[s²,2s−1]`: row `(i,k)` is 1 at `i − k + s − 1`. */
function differences(window: number): tf.Tensor2D {
  const span = 2 * window - 1;
  const values = new Float32Array(window * window * span);
  for (let i = 0; i < window; i++) {
    for (let k = 0; k < window; k++) values[(i * window + k) * span + i - k + window - 1] = 1;
  }
  return tf.tensor2d(values, [window * window, span]);
}
