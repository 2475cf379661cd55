import * as tf from '@tensorflow/tfjs-core';
import { barrier, customGradient, fuse, isForAnyBatch, softmax } from '@toco/core';
import { attentionGradientKernel, attentionKernel, hasAttentionKernel } from './attention-kernel.js';

/**
 * Multi-head self-attention between the fused projection and the output projection: `softmax(q·kᵀ/√d)·v` per head.
 *
 * On TensorFlow's CPU it is one operation, which `@toco/runtime` adds. Elsewhere its gradient is written out, because it is
 * cheaper than the one that the single operations would give: none of the `[B,heads,T,T]` arrays is kept, the probabilities
 * are computed again; and the softmax term needs the row sums of `dO∘O`, which are those of `dP∘P` for `d` instead of `T`
 * products. Where these arrays are large, a few heads are computed at a time.
 *
 * @param qkv `[B,T,3D]`: queries, keys, values, each with its heads one after the other
 * @param offset `[G,heads,T,T]`, added to the scores before softmax: element `b` of the batch takes that of `b mod G`
 * @returns `[B,T,D]`
 */
export function attend(qkv: tf.Tensor3D, heads: number, offset?: tf.Tensor4D): tf.Tensor3D {
  if (!offset && hasAttentionKernel()) return attendInOnePass(qkv, heads);
  const pieces = offset || isForAnyBatch() ? 1 : piecesFor(qkv.shape[0] * heads, qkv.shape[1]);
  return customGradient(
    offset ? [qkv, offset] : [qkv],
    (save) => {
      const parts = splitHeads(qkv, heads, 3);
      const [attended] = inPieces(pieces, parts, ([queries, keys, values]) => [
        tf.matMul<tf.Tensor4D>(probabilities(scaled(queries!), keys!, offset), values!),
      ]);
      const output = mergeHeads(attended!);
      save(...parts, output, ...(offset ? [offset] : []));
      return output;
    },
    (dy, saved) => {
      const [queries, keys, values, output, offset] = saved as [...Heads, tf.Tensor3D, tf.Tensor4D?];
      const [batch, , count, size] = queries.shape;
      const sums = tf.sum(tf.reshape(tf.mul(dy, output), [-1, size]), -1);
      const rowSums = perHead(tf.reshape(sums, [batch, count, heads]), heads); // [B,heads,T,1]
      const inputs = [barrier(queries, dy), keys, values, perHead(dy, heads), rowSums];
      const [dScores, ...gradients] = offset
        ? attendGradient(inputs, offset)
        : [undefined, ...inPieces(pieces, inputs, withoutScores)];
      const parts = tf.stack(gradients); // [3,B,heads,T,d]
      const dQkv = tf.reshape(tf.transpose(parts, [1, 3, 0, 2, 4]), [batch, count, 3 * heads * size]);
      return dScores ? [dQkv, sumPerGroup(dScores, offset!.shape[0])] : [dQkv];
    },
  );
}

/** {@link attend} where the backend has one operation for it, and one for its gradient. */
function attendInOnePass(qkv: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [batch, count, width] = qkv.shape;
  return customGradient(
    [qkv],
    (save) => {
      const inHeads = tf.reshape(qkv, [batch, count, 3, heads, width / 3 / heads]);
      const [output, logSums] = attentionKernel(inHeads);
      save(inHeads, output, logSums);
      return tf.reshape(output, [batch, count, width / 3]);
    },
    (dy, saved) => {
      const [qkv, output, logSums] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const dOutput = tf.reshape(dy, output.shape);
      const gradient = attentionGradientKernel({ qkv, output, logSums, dOutput });
      return [tf.reshape(gradient, [batch, count, width])];
    },
  );
}

/**
 * {@link attend} for a few tokens alone that attend to all.
 *
 * @param keysValues `[B,T,2D]`, of all
 * @param queries `[B,Q,D]`, of the few
 * @returns `[B,Q,D]`
 */
export function attendTo(keysValues: tf.Tensor3D, queries: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [keys, values] = splitHeads(keysValues, heads, 2);
  return mergeHeads(tf.matMul(probabilities(scaled(perHead(queries, heads)), keys!), values!));
}

/**
 * What the tokens attend to: `softmax(q·kᵀ/√d)`.
 *
 * @param qkv `[B,T,3D]`
 * @returns `[B,heads,T,T]`, rows sum to 1
 */
export function attentionProbabilities(qkv: tf.Tensor3D, heads: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [queries, keys] = splitHeads(qkv, heads, 3);
    return probabilities(scaled(queries!), keys!);
  });
}

/** `[B,heads,T,d]` each; pieces of one array, so that keeping them costs nothing more. */
type Heads = [queries: tf.Tensor4D, keys: tf.Tensor4D, values: tf.Tensor4D];

/** Cuts `[B,T,kinds·D]` into its kinds, each `[B,heads,T,d]`. */
function splitHeads(x: tf.Tensor3D, heads: number, kinds: number): tf.Tensor4D[] {
  const [batch, count, width] = x.shape;
  const size = width / kinds / heads;
  const parts = tf.transpose(tf.reshape(x, [batch, count, kinds, heads, size]), [2, 0, 3, 1, 4]);
  return tf.unstack(parts) as tf.Tensor4D[]; // of [kinds,B,heads,T,d]
}

/** Cuts `[B,T,heads·d]` into `[B,heads,T,d]`. */
function perHead(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, count] = x.shape as [number, number];
  return tf.transpose(tf.reshape(x, [batch, count, heads, -1]), [0, 2, 1, 3]);
}

function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, count, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, count, heads * size]);
}

/** Queries (or their gradient) divided by `√d`: fewer values than in `q·kᵀ`. */
function scaled(queries: tf.Tensor4D): tf.Tensor4D {
  return tf.mul(queries, 1 / Math.sqrt(queries.shape[3]));
}

/** Of scaled queries. */
function probabilities(queries: tf.Tensor4D, keys: tf.Tensor4D, offset?: tf.Tensor4D): tf.Tensor4D {
  const scores = tf.matMul<tf.Tensor4D>(queries, keys, false, true);
  return softmax(offset ? addPerGroup(scores, offset) : scores);
}

/** Gradients of scores, queries, keys and values from queries, keys, values, `dO` and the row sums of `dO∘O`. */
function attendGradient(
  [queries, keys, values, dOutput, rowSums]: readonly tf.Tensor4D[],
  offset?: tf.Tensor4D,
): [dScores: tf.Tensor4D, ...Heads] {
  const q = scaled(queries!);
  const p = probabilities(q, keys!, offset);
  const dValues = tf.matMul<tf.Tensor4D>(p, dOutput!, true, false);
  const dProbabilities = tf.matMul<tf.Tensor4D>(dOutput!, values!, false, true);
  const dScores = fuse((p: tf.Tensor4D, dP: tf.Tensor4D, sums: tf.Tensor4D) =>
    tf.mul<tf.Tensor4D>(p, tf.sub(dP, sums)),
  )(p, dProbabilities, rowSums!);
  const dKeys = tf.matMul<tf.Tensor4D>(dScores, q, true, false);
  return [dScores, scaled(tf.matMul(dScores, keys!)), dKeys, dValues];
}

function withoutScores(inputs: readonly tf.Tensor4D[]): Heads {
  const [dScores, ...gradients] = attendGradient(inputs);
  dScores.dispose();
  return gradients;
}

/** Bytes of scores that are computed at once. */
const largestPiece = 2 ** 23;

/** Into how many equal pieces `heads` arrays of `[T,T]` are cut so that none is large, unless a single head's is. */
function piecesFor(heads: number, count: number): number {
  let pieces = 1;
  while (pieces < heads && (heads % pieces !== 0 || (heads / pieces) * 4 * count * count > largestPiece))
    pieces++;
  return pieces;
}

/** `f` on equal pieces of the heads of `[B,heads,·,·]` tensors, and its results put together again. */
function inPieces(
  pieces: number,
  inputs: readonly tf.Tensor4D[],
  f: (inputs: tf.Tensor4D[]) => tf.Tensor4D[],
): tf.Tensor4D[] {
  if (pieces === 1) return f([...inputs]);
  const [batch, heads] = inputs[0]!.shape;
  const cut = inputs.map((x) => tf.split(tf.reshape(x, [batch * heads, 1, x.shape[2], x.shape[3]]), pieces));
  const results = Array.from({ length: pieces }, (_, i) =>
    tf.tidy(() => f(cut.map((parts) => parts[i] as tf.Tensor4D))),
  );
  return results[0]!.map((first, i) => {
    const whole = tf.concat(
      results.map((result) => result[i]!),
      0,
    );
    return tf.reshape(whole, [batch, heads, first.shape[2], first.shape[3]]);
  });
}

/** `[B,heads,T,T]` plus `[G,heads,T,T]`, repeated for every G elements of the batch. */
function addPerGroup(scores: tf.Tensor4D, offset: tf.Tensor4D): tf.Tensor4D {
  return tf.reshape(tf.add(tf.reshape(scores, [-1, ...offset.shape]), offset), scores.shape);
}

/** Transpose of {@link addPerGroup} with respect to the offset: `[B,heads,T,T]` to `[G,heads,T,T]`. */
function sumPerGroup(scores: tf.Tensor4D, groups: number): tf.Tensor4D {
  return tf.sum<tf.Tensor4D>(tf.reshape(scores, [-1, groups, ...scores.shape.slice(1)]), 0);
}
