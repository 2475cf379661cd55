import { assertShape, resize } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * How much patches look at one another: the attention of some blocks as a transition matrix over patch tokens.
 *
 * The mean over blocks and heads, of patches to patches alone, each row divided by its sum.
 *
 * Source: MCTformer (Xu et al., CVPR 2022), patch-level pairwise affinity; the attention that AFA (Ru et al., CVPR 2022) learns from.
 *
 * @param attention `[B,heads,T,T]` of each block, after softmax
 * @param prefixTokens tokens before the patches, T − N of them
 * @returns `[B,N,N]`, rows sum to 1
 * @throws where there is no block, or its attention is not among all tokens
 * @example
 * const affinity = patchAffinity(taps.attention.slice(-3), { prefixTokens: 1 });
 */
export function patchAffinity(
  attention: readonly tf.Tensor[],
  { prefixTokens }: { readonly prefixTokens: number },
): tf.Tensor3D {
  if (attention.length === 0)
    throw new Error('patchAffinity: no attention given; give that of one block at least');
  return tf.tidy(() => {
    const perBlock = attention.map((block) => {
      const { B, T } = assertShape('patchAffinity: attention', block, ['B', 'heads', 'T', 'T']);
      const patches = T - prefixTokens;
      return tf.slice(tf.mean<tf.Tensor3D>(block, 1), [0, prefixTokens, prefixTokens], [B, patches, patches]);
    });
    const sum = tf.addN(perBlock) as tf.Tensor3D;
    return tf.div<tf.Tensor3D>(sum, tf.sum(sum, 2, true));
  });
}

/**
 * Planes spread along an affinity of patches: resized to the token grid (bilinear, half-pixel), multiplied by the matrix, resized
 * back. Each plane on its own; constant planes stay what they are.
 *
 * @param planes `[B,H,W,C]`
 * @param affinity `[B,N,N]` of {@link patchAffinity}, N = h·w
 * @returns `[B,H,W,C]`
 * @example
 * const spread = spreadPlanes(cam, affinity, { grid: [28, 28], iterations: 2 });
 */
export function spreadPlanes(
  planes: tf.Tensor,
  affinity: tf.Tensor,
  {
    grid: [h, w],
    iterations = 1,
  }: {
    /** Height `h` and width `w` of the token grid. */
    readonly grid: readonly [number, number];
    /** How often the matrix is applied. */
    readonly iterations?: number | undefined;
  },
): tf.Tensor4D {
  const { B, H, W, C } = assertShape('spreadPlanes: planes', planes, ['B', 'H', 'W', 'C']);
  assertShape('spreadPlanes: affinity', affinity, [B, h * w, h * w]);
  return tf.tidy(() => {
    const bilinear = { method: 'bilinear', alignCorners: false } as const;
    let tokens = tf.reshape(resize(planes, [h, w], bilinear), [B, h * w, C]);
    for (let i = 0; i < iterations; i++) tokens = tf.matMul(affinity as tf.Tensor3D, tokens);
    return resize(tf.reshape(tokens, [B, h, w, C]), [H, W], bilinear) as tf.Tensor4D;
  });
}
