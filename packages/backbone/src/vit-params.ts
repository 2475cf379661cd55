import * as tf from '@tensorflow/tfjs-core';
import { childSeed, kaimingUniform, truncatedNormal } from '@toco/core';
import type { Grid } from './backbone.js';
import type { BlockParams, LayerScaleParams, LinearParams, NormParams } from './block.js';
import type { PatchEmbedParams } from './patch-embed.js';

/** Parameters of a vision transformer, named as in timm. */
export interface VitParams {
  /** `[1,1,D]`. */
  readonly cls_token: tf.Tensor3D;
  /** `[1,R,D]`, where there are registers. */
  readonly reg_token?: tf.Tensor3D;
  /** `[1,1+h·w,D]`, class token first, or `[1,h·w,D]` where that has no position; not trained. */
  readonly pos_embed: tf.Tensor3D;
  readonly patch_embed: PatchEmbedParams;
  /** The norm before the blocks, where there is one. */
  readonly norm_pre?: NormParams;
  /** Keys `0`, `1`, …. */
  readonly blocks: Readonly<Record<string, BlockParams>>;
  /** The final norm. */
  readonly norm: NormParams;
  /** The map `[E,D]` behind the final norm, where there is one. */
  readonly head?: { readonly weight: tf.Tensor2D };
}

/** Sizes that determine the shapes of {@link VitParams}. */
export interface VitSizes {
  readonly patchSize: number;
  readonly dim: number;
  readonly depth: number;
  readonly mlpRatio: number;
  /** Token grid of the stored positions. */
  readonly positionGrid: Grid;
  /** Whether the class token has a position. */
  readonly classPosition: boolean;
  readonly registerTokens: number;
  /** Whether there is a norm before the blocks; the patch embedding has no bias then. */
  readonly preNorm: boolean;
  /** Length of a token behind the map that follows the final norm, where there is one. */
  readonly projection?: number;
  /** First value of the layer scale, where there is one. */
  readonly layerScale?: number;
}

/**
 * Fresh parameters: linear weights, class token and positions truncated normal (σ = 0.02), the patch embedding like
 * PyTorch's default convolution, biases 0, norms 1 and 0. Every tensor has a stream of random numbers of its own, so that
 * two networks that differ in depth agree in the blocks they share.
 */
export function initVit(sizes: VitSizes, seed: number): VitParams {
  const { patchSize, dim, depth, mlpRatio, positionGrid, classPosition, registerTokens, layerScale } = sizes;
  const { preNorm, projection } = sizes;
  const normal = <T extends tf.Tensor>(path: string, shape: number[]): T =>
    truncatedNormal(shape, { standardDeviation: 0.02, seed: childSeed(seed, path) }) as T;
  const linear = (path: string, outputs: number, inputs: number): LinearParams => ({
    weight: normal(`${path}.weight`, [outputs, inputs]),
    bias: tf.zeros([outputs]),
  });
  const norm = (): NormParams => ({ weight: tf.ones([dim]), bias: tf.zeros([dim]) });
  const scale = (): LayerScaleParams => ({ gamma: tf.fill([dim], layerScale!) });
  const block = (index: number): BlockParams => ({
    ...(layerScale !== undefined && { ls1: scale(), ls2: scale() }),
    norm1: norm(),
    attn: {
      qkv: linear(`blocks.${index}.attn.qkv`, 3 * dim, dim),
      proj: linear(`blocks.${index}.attn.proj`, dim, dim),
    },
    norm2: norm(),
    mlp: {
      fc1: linear(`blocks.${index}.mlp.fc1`, Math.round(mlpRatio * dim), dim),
      fc2: linear(`blocks.${index}.mlp.fc2`, dim, Math.round(mlpRatio * dim)),
    },
  });
  const fanIn = 3 * patchSize * patchSize;
  const uniform = <T extends tf.Tensor>(path: string, shape: number[]): T =>
    kaimingUniform(shape, { fanIn, seed: childSeed(seed, path) }) as T;
  return {
    cls_token: normal('cls_token', [1, 1, dim]),
    ...(registerTokens > 0 && { reg_token: normal<tf.Tensor3D>('reg_token', [1, registerTokens, dim]) }),
    pos_embed: normal('pos_embed', [1, positionGrid[0] * positionGrid[1] + (classPosition ? 1 : 0), dim]),
    patch_embed: {
      proj: {
        weight: uniform('patch_embed.proj.weight', [patchSize, patchSize, 3, dim]),
        ...(!preNorm && { bias: uniform<tf.Tensor1D>('patch_embed.proj.bias', [dim]) }),
      },
    },
    ...(preNorm && { norm_pre: norm() }),
    blocks: Object.fromEntries(Array.from({ length: depth }, (_, index) => [String(index), block(index)])),
    norm: norm(),
    ...(projection !== undefined && { head: { weight: normal('head.weight', [projection, dim]) } }),
  };
}
