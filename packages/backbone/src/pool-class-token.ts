import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from '@toco/core';

/**
 * The class token of a backbone that has none: the mean over its patch tokens.
 *
 * @param patchTokens `[B,N,D]`
 * @returns `[B,D]`
 * @example
 * ```ts
 * const clsToken = poolClassToken(patchTokens); // and `classToken: 'pooled'` in the backbone
 * ```
 */
export function poolClassToken(patchTokens: tf.Tensor3D): tf.Tensor2D {
  assertShape('poolClassToken: patchTokens', patchTokens, ['B', 'N', 'D']);
  return tf.mean<tf.Tensor2D>(patchTokens, 1);
}
