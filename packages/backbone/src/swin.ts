import * as tf from '@tensorflow/tfjs-core';
import { assertShape, layerNorm, type TensorTree } from '@toco/core';
import type { ApplyOptions, Backbone, BackboneOutput, Grid } from './backbone.js';
import type { Rgb } from '@toco/core';
import { imagenetMean, imagenetStd } from '@toco/core';
import { patchEmbed, patchGrid } from './patch-embed.js';
import { mergePatches } from './patch-merging.js';
import { poolClassToken } from './pool-class-token.js';
import { swinBlock, type SwinBlockOptions, type SwinBlockParams } from './swin-block.js';
import { initSwin, type SwinParams, type SwinStageParams } from './swin-params.js';
import { tidied } from '@toco/core';
import { windowLayout } from './windows.js';

/** Sizes of a Swin transformer, and what ToCo takes from it. */
export interface SwinOptions {
  /** What messages call it. */
  readonly name?: string | undefined;
  /** Pixels along the side of the first stage's tokens. */
  readonly patchSize?: number | undefined;
  /** Length of a token of the first stage; it doubles from stage to stage. */
  readonly dim: number;
  /** Number of blocks of each stage. */
  readonly depths: readonly number[];
  /** Number of attention heads of each stage. */
  readonly heads: readonly number[];
  /** Tokens along a window's side. */
  readonly window?: number | undefined;
  /** Width of the perceptron's hidden layer in units of the stage's tokens. */
  readonly mlpRatio?: number | undefined;
  /**
   * Block whose output gives the auxiliary tokens, counted over all stages: from 0, or negative from the end. By default
   * the last one before the last stage.
   */
  readonly auxBlock?: number | undefined;
  /**
   * Where windows reach beyond the grid: whether its tokens are kept from attending to the padding. Not by default, as in
   * the pretrained networks' own implementations.
   */
  readonly maskPadding?: boolean | undefined;
  readonly layerNormEpsilon?: number | undefined;
  readonly mean?: Rgb | undefined;
  readonly std?: Rgb | undefined;
}

/** A Swin transformer as a {@link Backbone}, with what describes it. */
export interface Swin extends Backbone<SwinParams> {
  /** Number of blocks of each stage. */
  readonly depths: readonly number[];
  /** Number of attention heads of each stage. */
  readonly heads: readonly number[];
  readonly window: number;
  /** Index over all stages of the block that gives the auxiliary tokens, from 0. */
  readonly auxBlock: number;
}

/**
 * A Swin transformer (Liu et al., 2021): attention within windows that are shifted from block to block, on grids that are
 * halved from stage to stage; in timm's layout and names.
 *
 * `patchTokens` are those of the last stage after the final norm and `clsToken` is their mean, `auxTokens` the output of
 * block `auxBlock` without norm, on the grid of its stage. Images may have any size of at least one patch: grids are padded
 * with zeros where windows or 2×2 merges don't fit, before the windows are shifted. The tap `tokens` has one `[B,N,D]` per
 * block, each on the grid and in the length of its stage; the other taps don't exist.
 *
 * @throws when stages, heads and `auxBlock` don't fit together
 * @example
 * ```ts
 * const backbone = swin({ dim: 24, depths: [2, 2, 2], heads: [2, 4, 8], window: 4 });
 * const params = backbone.init(0);
 * const { patchTokens, grid, auxTokens, auxGrid } = backbone.apply(params, images); // 64×64 pixels
 * // [B,16,96], [4,4], [B,64,48], [8,8]
 * ```
 */
export function swin(options: SwinOptions): Swin {
  const { patchSize = 4, dim, depths, heads, window = 7, mlpRatio = 4, maskPadding = false } = options;
  const { name = 'swin', mean = imagenetMean, std = imagenetStd, layerNormEpsilon = 1e-5 } = options;
  const { auxBlock = -1 - (depths.at(-1) ?? 0) } = options;
  const auxIndex = checkedAuxBlock(name, options, auxBlock);
  const stageOf = depths.flatMap((depth, stage) => Array<number>(depth).fill(stage));
  return {
    name,
    stride: patchSize * 2 ** (depths.length - 1),
    tokenDim: dim * 2 ** (depths.length - 1),
    auxDim: dim * 2 ** stageOf[auxIndex]!,
    classToken: 'pooled',
    mean,
    std,
    depths,
    heads,
    window,
    auxBlock: auxIndex,
    init: (seed) => initSwin({ patchSize, dim, depths, heads, window, mlpRatio }, seed),
    trainable: () => true,
    apply(params, images, applyOptions = {}) {
      assertShape(`${name}: images`, images, ['B', 'H', 'W', 3]);
      const [, height, width] = images.shape;
      const grid = patchGrid([height, width], patchSize);
      if (grid[0] === 0 || grid[1] === 0) {
        throw new Error(`${name}: images of ${height}×${width} hold no patch of ${patchSize}; enlarge them`);
      }
      return tidied(() => {
        const embedded = patchEmbed(params.patch_embed, images);
        const epsilon = { epsilon: layerNormEpsilon };
        let x = { tokens: layerNorm(embedded, params.patch_embed.norm, epsilon), grid };
        const outputs: StageTokens[] = [];
        for (const [index, stage] of Object.values(params.layers).entries()) {
          const settings = { heads: heads[index]!, window, maskPadding, layerNormEpsilon };
          const inStage = runStage(stage, x, settings, applyOptions);
          outputs.push(...inStage);
          x = inStage.at(-1)!;
        }
        const patchTokens = layerNorm(x.tokens, params.norm, epsilon);
        const auxiliary = outputs[auxIndex]!;
        const result: BackboneOutput = {
          clsToken: poolClassToken(patchTokens),
          patchTokens,
          auxTokens: tf.clone(auxiliary.tokens),
          grid: x.grid,
          auxGrid: auxiliary.grid,
        };
        const { taps } = applyOptions;
        if (!taps) return result;
        return {
          ...result,
          taps: taps.includes('tokens') ? { tokens: outputs.map(({ tokens }) => tokens) } : {},
        };
      });
    },
  };
}

/** Tokens `[B,h·w,D]` and the grid they lie on. */
interface StageTokens {
  readonly tokens: tf.Tensor3D;
  readonly grid: Grid;
}

/** Outputs of a stage's blocks. */
function runStage(
  { downsample, blocks }: SwinStageParams,
  input: StageTokens,
  { window, ...settings }: Omit<SwinBlockOptions, 'layout'> & { readonly window: number },
  { wrapBlock = (block) => block }: ApplyOptions,
): StageTokens[] {
  const [batch, , depth] = input.tokens.shape;
  const outputs: StageTokens[] = [];
  let { tokens, grid } = input;
  if (downsample) {
    const merged = mergePatches(downsample, tf.reshape(tokens, [batch, ...grid, depth]), settings);
    const [, h, w, width] = merged.shape;
    grid = [h, w];
    tokens = tf.reshape(merged, [batch, h * w, width]);
  }
  for (const [index, params] of Object.values(blocks).entries()) {
    const options = { ...settings, layout: windowLayout(grid, window, index % 2 === 1) };
    const block = wrapBlock((x: tf.Tensor3D, weights: TensorTree) =>
      tf.tidy(() => swinBlock(weights as SwinBlockParams, x, options)),
    );
    tokens = block(tokens, params);
    outputs.push({ tokens, grid });
  }
  return outputs;
}

function checkedAuxBlock(
  name: string,
  { dim, depths, heads }: Pick<SwinOptions, 'dim' | 'depths' | 'heads'>,
  auxBlock: number,
): number {
  if (depths.length === 0 || depths.length !== heads.length) {
    throw new Error(`${name}: ${depths.length} depths and ${heads.length} heads; give one of each per stage`);
  }
  for (const [stage, count] of heads.entries()) {
    const width = dim * 2 ** stage;
    if (width % count !== 0) {
      throw new Error(
        `${name}: tokens of ${width} in stage ${stage} are not divisible by ${count} heads; choose a divisor`,
      );
    }
  }
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  if (!Number.isInteger(auxBlock) || auxBlock < -total || auxBlock >= total) {
    throw new Error(
      `${name}: auxBlock ${auxBlock} is none of the ${total} blocks; choose ${-total} … ${total - 1}`,
    );
  }
  return auxBlock < 0 ? total + auxBlock : auxBlock;
}
