import * as tf from '@tensorflow/tfjs-core';
import { customGradient, fuse, softmax } from '@toco/core';

/**
 * Multi-head self-attention between the fused projection and the output projection: `softmax(q·kᵀ/√d)·v` per head.
 *
 * Its gradient is written out, because it is cheaper than the one that the single operations would give: of the two
 * `[B,heads,T,T]` arrays only the probabilities are kept, and the softmax term needs the row sums of `dO∘O`, which are
 * those of `dP∘P` for `d` instead of `T` products.
 *
 * @param qkv `[B,T,3D]`: queries, keys, values, each with its heads one after the other
 * @param offset `[G,heads,T,T]`, added to the scores before softmax: element `b` of the batch takes that of `b mod G`
 * @returns `[B,T,D]`
 */
export function attend(qkv: tf.Tensor3D, heads: number, offset?: tf.Tensor4D): tf.Tensor3D {
  return customGradient(
    offset ? [qkv, offset] : [qkv],
    (save) => {
      const { queries, keys, values } = splitHeads(qkv, heads);
      const scores = tf.matMul<tf.Tensor4D>(queries, keys, false, true);
      const probabilities = softmax(offset ? addPerGroup(scores, offset) : scores);
      const output = tf.matMul<tf.Tensor4D>(probabilities, values); // [B,heads,T,d]
      save(queries, keys, values, probabilities, output);
      return mergeHeads(output);
    },
    (dy, saved) => {
      const { dQkv, dScores } = attendGradient(dy, saved);
      return offset ? [dQkv, sumPerGroup(dScores, offset.shape[0])] : [dQkv];
    },
  );
}

/**
 * What the tokens attend to: `softmax(q·kᵀ/√d)`.
 *
 * @param qkv `[B,T,3D]`
 * @returns `[B,heads,T,T]`, rows sum to 1
 */
export function attentionProbabilities(qkv: tf.Tensor3D, heads: number): tf.Tensor4D {
  return tf.tidy(() => {
    const { queries, keys } = splitHeads(qkv, heads);
    return softmax<tf.Tensor4D>(tf.matMul(queries, keys, false, true));
  });
}

interface Heads {
  /** `[B,heads,T,d]`, already divided by `√d`: fewer values than in `q·kᵀ`. */
  readonly queries: tf.Tensor4D;
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

function splitHeads(qkv: tf.Tensor3D, heads: number): Heads {
  const [batch, count, width] = qkv.shape;
  const size = width / 3 / heads;
  const parts = tf.transpose(tf.reshape(qkv, [batch, count, 3, heads, size]), [2, 0, 3, 1, 4]); // [3,B,heads,T,d]
  const [queries, keys, values] = tf.unstack(parts) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  return { queries: tf.mul(queries, 1 / Math.sqrt(size)), keys, values };
}

function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, count, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, count, heads * size]);
}

/** `[B,heads,T,T]` plus `[G,heads,T,T]`, repeated for every G elements of the batch. */
function addPerGroup(scores: tf.Tensor4D, offset: tf.Tensor4D): tf.Tensor4D {
  return tf.reshape(tf.add(tf.reshape(scores, [-1, ...offset.shape]), offset), scores.shape);
}

/** Transpose of {@link addPerGroup} with respect to the offset: `[B,heads,T,T]` to `[G,heads,T,T]`. */
function sumPerGroup(scores: tf.Tensor4D, groups: number): tf.Tensor4D {
  return tf.sum<tf.Tensor4D>(tf.reshape(scores, [-1, groups, ...scores.shape.slice(1)]), 0);
}

function attendGradient(
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
): { dQkv: tf.Tensor3D; dScores: tf.Tensor4D } {
  const [queries, keys, values, probabilities, output] = saved as [
    Heads['queries'],
    Heads['keys'],
    Heads['values'],
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const [batch, heads, count, size] = values.shape;
  const dOutput = tf.transpose(tf.reshape(dy, [batch, count, heads, size]), [0, 2, 1, 3]);
  const dValues = tf.matMul(probabilities, dOutput, true, false);
  const dProbabilities = tf.matMul<tf.Tensor4D>(dOutput, values, false, true);
  const rowSums = tf.sum<tf.Tensor4D>(tf.mul(dOutput, output), -1, true); // [B,heads,T,1]
  const dScores = fuse((p: tf.Tensor4D, dP: tf.Tensor4D, sums: tf.Tensor4D) =>
    tf.mul<tf.Tensor4D>(p, tf.sub(dP, sums)),
  )(probabilities, dProbabilities, rowSums);
  const dQueries = tf.mul(tf.matMul(dScores, keys), 1 / Math.sqrt(size));
  const dKeys = tf.matMul(dScores, queries, true, false);
  const parts = tf.stack([dQueries, dKeys, dValues]); // [3,B,heads,T,d]
  const dQkv = tf.reshape(tf.transpose(parts, [1, 3, 0, 2, 4]), [batch, count, 3 * heads * size]);
  return { dQkv: dQkv as tf.Tensor3D, dScores };
}
