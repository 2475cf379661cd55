import * as tf from '@tensorflow/tfjs-core';
import { fusedLinear, layerNorm, linear, quickGelu } from '@toco/core';
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
  const sum = fusedLinear(attended, attn.proj, { scale: ls1?.gamma, residual: tokens }) as tf.Tensor3D;
  return feedForward(params, sum, options);
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
  const residual = classToken(tokens);
  const sum = fusedLinear(attended, attn.proj, { scale: ls1?.gamma, residual }) as tf.Tensor3D;
  return feedForward(params, sum, options);
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
  const norm = { ...norm2, epsilon: layerNormEpsilon };
  const hidden =
    activation === 'quickGelu'
      ? quickGelu(fusedLinear(tokens, mlp.fc1, { norm }))
      : fusedLinear(tokens, mlp.fc1, { norm, gelu: true });
  return fusedLinear(hidden, mlp.fc2, { scale: ls2?.gamma, residual: tokens }) as tf.Tensor3D;
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
  return fusedLinear(tokens, attn.qkv, { norm: { ...norm1, epsilon: layerNormEpsilon } }) as tf.Tensor3D;
}
