import * as tf from '@tensorflow/tfjs-core';
import { assertShape, l2Normalize, linear } from '@toco/core';

/** Smallest length that a vector is divided by, PyTorch's `normalize`. */
const epsilon = 1e-12;

/**
 * How well tokens fit texts: scale · cos(token, text), CLIP's classifier, whose weights are the embeddings of a sentence for each
 * class. Of patch tokens it is a map for each class before any training.
 *
 * @param tokens `[B,D]` or `[B,N,D]`, image embeddings: those of a backbone with CLIP's projection
 * @param texts `[C,D]`, embeddings of texts by CLIP's other tower; need not be of unit length
 * @param scale exp of CLIP's `logit_scale`: 100 in the released weights
 * @returns `[B,C]` or `[B,N,C]`
 * @throws if the embeddings differ in length
 * @example
 * const { clsToken, patchTokens } = backbone.apply(params, images); // clipVitBase({ projection: true })
 * const probabilities = tf.softmax(textScores(clsToken, texts)); // [B,C]
 * const maps = textScores(patchTokens, texts); // [B,N,C]
 */
export function textScores<T extends tf.Tensor2D | tf.Tensor3D>(
  tokens: T,
  texts: tf.Tensor2D,
  { scale = 100 }: { readonly scale?: number | undefined } = {},
): T {
  const { D: width } = assertShape('textScores: texts', texts, ['C', 'D']);
  assertShape('textScores: tokens', tokens, tokens.rank === 3 ? ['B', 'N', width] : ['B', width]);
  return tf.tidy(() => {
    const unit = tf.mul<tf.Tensor2D>(l2Normalize(texts, { epsilon }), scale);
    return linear(l2Normalize(tokens, { epsilon }), unit) as T;
  });
}
