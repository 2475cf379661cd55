import * as tf from '@tensorflow/tfjs-core';
import { gelu, layerNorm, linear, quickGelu } from '@toco/core';
import { attend, attendTo, attentionProbabilities } from './attention.js';

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

/** What one branch of a block is multiplied by before it is added, `[D]`. */
export interface LayerScaleParams {
  readonly gamma: tf.Tensor1D;
}

/** A perceptron of two layers behind a norm. */
export interface FeedForwardParams {
  readonly norm2: NormParams;
  readonly mlp: { readonly fc1: LinearParams; readonly fc2: LinearParams };
  /** Where the branch is scaled. */
  readonly ls2?: LayerScaleParams;
}

/** Parameters of one transformer block, named as in timm. */
export interface BlockParams extends FeedForwardParams {
  readonly norm1: NormParams;
  readonly attn: { readonly qkv: LinearParams; readonly proj: LinearParams };
  /** Where the branch is scaled. */
  readonly ls1?: LayerScaleParams;
}

/** What a block needs to know besides its parameters. */
export interface BlockOptions {
  readonly heads: number;
  readonly layerNormEpsilon: number;
  /** Of the perceptron; `gelu`, the exact one, by default. */
  readonly activation?: 'gelu' | 'quickGelu' | undefined;
}

/**
 * One pre-norm transformer block: attention, then a two-layer perceptron, each added to its input.
 *
 * @param tokens `[B,T,D]`
 * @returns `[B,T,D]`
 */
export function transformerBlock(
  params: BlockParams,
  tokens: tf.Tensor3D,
  options: BlockOptions,
): tf.Tensor3D {
  const { attn, ls1 } = params;
  const attended = attend(queriesKeysValues(params, tokens, options), options.heads);
  const projected = linear(attended, attn.proj.weight, attn.proj.bias);
  return feedForward(params, tf.add(tokens, scaled(projected, ls1)), options);
}

/**
 * The class token that {@link transformerBlock} gives, without the others, which are only attended to: for a last block
 * whose patch tokens nobody looks at. Of the 12 D² multiplications of a token the others need the 2 D² of keys and values.
 *
 * @param tokens `[B,T,D]`, the class token first
 * @returns `[B,1,D]`
 */
export function classTokenBlock(
  params: BlockParams,
  tokens: tf.Tensor3D,
  options: BlockOptions,
): tf.Tensor3D {
  const { norm1, attn, ls1 } = params;
  const [, , dim] = tokens.shape;
  const classToken = (x: tf.Tensor3D): tf.Tensor3D => tf.slice(x, [0, 0, 0], [-1, 1, -1]);
  const projected = (x: tf.Tensor3D, from: number, to: number): tf.Tensor3D =>
    linear(
      x,
      tf.slice(attn.qkv.weight, [from, 0], [to - from, -1]),
      tf.slice(attn.qkv.bias, from, to - from),
    ) as tf.Tensor3D;
  const normed = layerNorm(tokens, norm1, { epsilon: options.layerNormEpsilon });
  const queries = projected(classToken(normed), 0, dim);
  const attended = attendTo(projected(normed, dim, 3 * dim), queries, options.heads);
  const branch = linear(attended, attn.proj.weight, attn.proj.bias);
  return feedForward(params, tf.add(classToken(tokens), scaled(branch, ls1)), options);
}

/**
 * The second half of a block: `x + γ·MLP(norm(x))`; `γ` is 1 without layer scale.
 *
 * @param tokens `[B,T,D]`
 * @returns `[B,T,D]`
 */
export function feedForward(
  { norm2, mlp, ls2 }: FeedForwardParams,
  tokens: tf.Tensor3D,
  { layerNormEpsilon, activation }: Pick<BlockOptions, 'layerNormEpsilon' | 'activation'>,
): tf.Tensor3D {
  const activate = activation === 'quickGelu' ? quickGelu : gelu;
  const normed = layerNorm(tokens, norm2, { epsilon: layerNormEpsilon });
  const hidden = activate(linear(normed, mlp.fc1.weight, mlp.fc1.bias));
  return tf.add(tokens, scaled(linear(hidden, mlp.fc2.weight, mlp.fc2.bias), ls2));
}

function scaled(branch: tf.Tensor, scale: LayerScaleParams | undefined): tf.Tensor {
  return scale ? tf.mul(branch, scale.gamma) : branch;
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
