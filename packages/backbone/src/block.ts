import * as tf from '@tensorflow/tfjs-core';
import { gelu, layerNorm, linear } from '@toco/core';
import { attend, attentionProbabilities } from './attention.js';

/** A linear map: `weight [out,in]`, `bias [out]`. */
export interface LinearParams {
  readonly weight: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** Scale `weight` and shift `bias` of a layer norm, both `[D]`. */
export interface NormParams {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
}

/** Parameters of one transformer block, named as in timm. */
export interface BlockParams {
  readonly norm1: NormParams;
  readonly attn: { readonly qkv: LinearParams; readonly proj: LinearParams };
  readonly norm2: NormParams;
  readonly mlp: { readonly fc1: LinearParams; readonly fc2: LinearParams };
}

/** What a block needs to know besides its parameters. */
export interface BlockOptions {
  readonly heads: number;
  readonly layerNormEpsilon: number;
}

/**
 * One pre-norm transformer block: attention, then a two-layer perceptron with exact GELU, each added to its input.
 *
 * @param tokens `[B,T,D]`
 * @returns `[B,T,D]`
 */
export function transformerBlock(
  params: BlockParams,
  tokens: tf.Tensor3D,
  options: BlockOptions,
): tf.Tensor3D {
  const { attn, norm2, mlp } = params;
  const attended = attend(queriesKeysValues(params, tokens, options), options.heads);
  const middle = tf.add(tokens, linear(attended, attn.proj.weight, attn.proj.bias));
  const normed = layerNorm(middle, norm2, { epsilon: options.layerNormEpsilon });
  const hidden = gelu(linear(normed, mlp.fc1.weight, mlp.fc1.bias));
  return tf.add(middle, linear(hidden, mlp.fc2.weight, mlp.fc2.bias));
}

/**
 * The attention that {@link transformerBlock} computes from the same tokens, after softmax. It is computed anew, so that
 * the block itself keeps one result; a compiled graph merges the two.
 *
 * @param tokens `[B,T,D]`, the block's input
 * @returns `[B,heads,T,T]`
 */
export function blockAttention(params: BlockParams, tokens: tf.Tensor3D, options: BlockOptions): tf.Tensor4D {
  return tf.tidy(() => attentionProbabilities(queriesKeysValues(params, tokens, options), options.heads));
}

function queriesKeysValues(
  { norm1, attn }: BlockParams,
  tokens: tf.Tensor3D,
  { layerNormEpsilon }: BlockOptions,
): tf.Tensor3D {
  const normed = layerNorm(tokens, norm1, { epsilon: layerNormEpsilon });
  return linear(normed, attn.qkv.weight, attn.qkv.bias) as tf.Tensor3D;
}
