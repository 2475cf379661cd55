import * as tf from '@tensorflow/tfjs-core';
import { assertShape, childSeed, kaimingUniform, linear, maxOverTokens } from '@toco/core';
import type { ClassifierParams } from './params.js';

/**
 * Image-level logits from tokens: `logits[b,c] = Σ_d W[c,d] · max_n tokens[b,n,d]` (ToCo, section 3.1).
 *
 * Where tokens tie for the maximum, one of them gets the gradient.
 *
 * @param tokens `[B,N,D]`
 * @returns `[B,C]`
 * @example
 * ```ts
 * const logits = classify({ weight: tf.ones([20, 192]) }, patchTokens); // [B,20]
 * ```
 */
export function classify({ weight }: ClassifierParams, tokens: tf.Tensor3D): tf.Tensor2D {
  const { D } = assertShape('classify: weight', weight, ['C', 'D']);
  assertShape('classify: tokens', tokens, ['B', 'N', D]);
  return tf.tidy(() => linear(maxOverTokens(tokens), weight) as tf.Tensor2D);
}

/** A classifier's first weights, like PyTorch's default convolution: U(±1/√D). */
export function initClassifier(
  name: string,
  { numClasses, dim }: { readonly numClasses: number; readonly dim: number },
  seed: number,
): ClassifierParams {
  const weight = kaimingUniform([numClasses, dim], { fanIn: dim, seed: childSeed(seed, `${name}.weight`) });
  return { weight: weight as tf.Tensor2D };
}
