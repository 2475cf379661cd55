import * as tf from '@tensorflow/tfjs-core';
import { childSeed, kaimingUniform, truncatedNormal } from '@toco/core';
import type { LinearParams, NormParams } from './block.js';
import type { PatchEmbedParams } from './patch-embed.js';
import type { PatchMergingParams } from './patch-merging.js';
import type { SwinBlockParams } from './swin-block.js';

/** Parameters of one stage. */
export interface SwinStageParams {
  /** How the stage's tokens come from those of the stage before; absent in the first. */
  readonly downsample?: PatchMergingParams;
  /** Keys `0`, `1`, …. */
  readonly blocks: Readonly<Record<string, SwinBlockParams>>;
}

/** Parameters of a Swin transformer, named as in timm. */
export interface SwinParams {
  readonly patch_embed: PatchEmbedParams & { readonly norm: NormParams };
  /** Keys `0`, `1`, …. */
  readonly layers: Readonly<Record<string, SwinStageParams>>;
  /** The final norm. */
  readonly norm: NormParams;
}

/** Sizes that determine the shapes of {@link SwinParams}. */
export interface SwinSizes {
  readonly patchSize: number;
  readonly dim: number;
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  readonly window: number;
  readonly mlpRatio: number;
}

/**
 * Fresh parameters: linear weights and position tables truncated normal (σ = 0.02), the patch embedding like PyTorch's
 * default convolution, biases 0, norms 1 and 0. Every tensor has a stream of random numbers of its own.
 */
export function initSwin(
  { patchSize, dim, depths, heads, window, mlpRatio }: SwinSizes,
  seed: number,
): SwinParams {
  const normal = (path: string, shape: number[]): tf.Tensor2D =>
    truncatedNormal(shape, { standardDeviation: 0.02, seed: childSeed(seed, path) }) as tf.Tensor2D;
  const linear = (path: string, outputs: number, inputs: number): LinearParams => ({
    weight: normal(`${path}.weight`, [outputs, inputs]),
    bias: tf.zeros([outputs]),
  });
  const norm = (width: number): NormParams => ({ weight: tf.ones([width]), bias: tf.zeros([width]) });
  const block = (path: string, width: number, count: number): SwinBlockParams => ({
    norm1: norm(width),
    attn: {
      relative_position_bias_table: normal(`${path}.attn.relative_position_bias_table`, [
        (2 * window - 1) ** 2,
        count,
      ]),
      qkv: linear(`${path}.attn.qkv`, 3 * width, width),
      proj: linear(`${path}.attn.proj`, width, width),
    },
    norm2: norm(width),
    mlp: {
      fc1: linear(`${path}.mlp.fc1`, Math.round(mlpRatio * width), width),
      fc2: linear(`${path}.mlp.fc2`, width, Math.round(mlpRatio * width)),
    },
  });
  const stage = (depth: number, index: number): SwinStageParams => {
    const [path, width] = [`layers.${index}`, dim * 2 ** index];
    const numbered = Array.from({ length: depth }, (_, i) => [
      String(i),
      block(`${path}.blocks.${i}`, width, heads[index]!),
    ]);
    const blocks = Object.fromEntries(numbered) as Record<string, SwinBlockParams>;
    if (index === 0) return { blocks };
    const weight = normal(`${path}.downsample.reduction.weight`, [width, 2 * width]);
    return { downsample: { norm: norm(2 * width), reduction: { weight } }, blocks };
  };
  const convolution = <T extends tf.Tensor>(path: string, shape: number[]): T =>
    kaimingUniform(shape, { fanIn: 3 * patchSize * patchSize, seed: childSeed(seed, path) }) as T;
  return {
    patch_embed: {
      proj: {
        weight: convolution('patch_embed.proj.weight', [patchSize, patchSize, 3, dim]),
        bias: convolution('patch_embed.proj.bias', [dim]),
      },
      norm: norm(dim),
    },
    layers: Object.fromEntries(depths.map((depth, index) => [String(index), stage(depth, index)])),
    norm: norm(dim * 2 ** (depths.length - 1)),
  };
}
