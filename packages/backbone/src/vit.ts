import * as tf from '@tensorflow/tfjs-core';
import { assertShape, detach, layerNorm, linear } from '@toco/core';
import type { ApplyOptions, Backbone, BackboneOutput, Grid, Taps } from './backbone.js';
import type { Rgb } from '@toco/core';
import {
  blockAttention,
  classTokenBlock,
  transformerBlock,
  type BlockOptions,
  type BlockParams,
  type NormParams,
} from './block.js';
import { imagenetMean, imagenetStd } from '@toco/core';
import { patchEmbed, patchGrid } from './patch-embed.js';
import { adaptPositions, resizePositions, type PositionOptions } from './positions.js';
import { tidied } from '@toco/core';
import { initVit, type VitParams, type VitSizes } from './vit-params.js';

/** Sizes of a vision transformer, and what ToCo takes from it. */
export interface VitOptions {
  /** What messages call it. */
  readonly name?: string | undefined;
  /** Pixels of the images that the stored positions belong to; images of any other size can be applied. */
  readonly imageSize: number | readonly [height: number, width: number];
  readonly patchSize: number;
  /** Length of a token. */
  readonly dim: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Number of attention heads, a divisor of `dim`. */
  readonly heads: number;
  /** Width of the perceptron's hidden layer in units of `dim`. */
  readonly mlpRatio?: number | undefined;
  /** Block whose output gives the auxiliary tokens: from 0, or negative from the end (the tenth of twelve in the paper). */
  readonly auxBlock?: number | undefined;
  /** First value of the layer scale `γ` of every block's two branches (`ls1`, `ls2`); no layer scale by default. */
  readonly layerScale?: number | undefined;
  /**
   * Number of register tokens between class token and patches (Darcet et al., 2024), 0 by default. Where there are some, the
   * patches alone have positions.
   */
  readonly registerTokens?: number | undefined;
  /** How positions are brought to another grid, see {@link PositionOptions}; `bicubic` by default. */
  readonly positionResizing?: PositionOptions['resizing'] | undefined;
  readonly layerNormEpsilon?: number | undefined;
  /** Activation of the MLPs: exact GELU, or the approximation x·σ(1.702 x) of OpenAI's CLIP; `gelu` by default. */
  readonly activation?: BlockOptions['activation'] | undefined;
  /** Whether the tokens are normed before the first block, as in CLIP, whose patch embedding has no bias; not by default. */
  readonly preNorm?: boolean | undefined;
  /** Length `E` of the tokens that a map without bias makes of those behind the final norm (CLIP's image embedding); no map by default. */
  readonly projection?: number | undefined;
  readonly mean?: Rgb | undefined;
  readonly std?: Rgb | undefined;
}

/** A vision transformer as a {@link Backbone}, with what describes it. */
export interface Vit extends Backbone<VitParams> {
  readonly clsToken: Required<Backbone<VitParams>>['clsToken'];
  /** Class and register tokens: what the taps have before the patch tokens. */
  readonly prefixTokens: number;
  /** Pixels of the images that the stored positions belong to. */
  readonly imageSize: readonly [height: number, width: number];
  /** Token grid of the stored positions. */
  readonly positionGrid: Grid;
  readonly depth: number;
  readonly heads: number;
  /** Index of the block that gives the auxiliary tokens, from 0. */
  readonly auxBlock: number;
}

/**
 * A vision transformer (Dosovitskiy et al., 2021) with learned class token and fixed positions, in timm's layout and names;
 * with layer scale and register tokens it is DINOv2's, with a norm before the blocks CLIP's.
 *
 * `clsToken` and `patchTokens` come after the final norm and the projection, where there is one; `auxTokens` is the output of
 * block `auxBlock` without norm (ToCo, section 4.2). Images may have any size of at least one patch: positions are resized to the
 * token grid. Register tokens
 * take part in the blocks and in the taps, after the class token, and in nothing else.
 *
 * @throws when `dim` is not divisible by `heads`, or `auxBlock` is not one of the blocks
 * @example
 * ```ts
 * const backbone = vit({ imageSize: 64, patchSize: 8, dim: 48, depth: 4, heads: 3 });
 * const params = backbone.init(0);
 * const { clsToken, patchTokens, grid } = backbone.apply(params, images); // [B,48], [B,64,48], [8,8]
 * ```
 */
export function vit(options: VitOptions): Vit {
  const { patchSize, dim, depth, heads, mlpRatio = 4, auxBlock = -3, layerNormEpsilon = 1e-6 } = options;
  const { name = 'vit', mean = imagenetMean, std = imagenetStd, imageSize: size } = options;
  const { layerScale, registerTokens = 0, activation, preNorm = false, projection } = options;
  const tokenDim = projection ?? dim;
  if (dim % heads !== 0)
    throw new Error(`${name}: dim ${dim} is not divisible by ${heads} heads; choose a divisor`);
  if (!Number.isInteger(auxBlock) || auxBlock < -depth || auxBlock >= depth) {
    throw new Error(
      `${name}: auxBlock ${auxBlock} is none of the ${depth} blocks; choose ${-depth} … ${depth - 1}`,
    );
  }
  const imageSize: readonly [number, number] = typeof size === 'number' ? [size, size] : size;
  const positionGrid = patchGrid(imageSize, patchSize);
  const auxIndex = auxBlock < 0 ? depth + auxBlock : auxBlock;
  const blocks: BlockOptions = { heads, layerNormEpsilon, activation };
  const classPosition = registerTokens === 0;
  const positions: PositionOptions = { classPosition, resizing: options.positionResizing ?? 'bicubic' };
  const sizes: VitSizes = {
    ...{ patchSize, dim, depth, mlpRatio, positionGrid, classPosition, registerTokens, preNorm },
    ...(layerScale !== undefined && { layerScale }),
    ...(projection !== undefined && { projection }),
  };
  const prefixTokens = 1 + registerTokens;
  const normed = (tokens: tf.Tensor3D, norm: NormParams): tf.Tensor3D =>
    layerNorm(tokens, norm, { epsilon: layerNormEpsilon });
  const enter = (params: VitParams, images: tf.Tensor4D): { tokens: tf.Tensor3D; grid: Grid } => {
    assertShape(`${name}: images`, images, ['B', 'H', 'W', 3]);
    const [, height, width] = images.shape;
    const grid = patchGrid([height, width], patchSize);
    if (grid[0] === 0 || grid[1] === 0) {
      throw new Error(`${name}: images of ${height}×${width} hold no patch of ${patchSize}; enlarge them`);
    }
    const prepared = prepare(params, images, { from: positionGrid, to: grid }, positions);
    return { tokens: params.norm_pre ? normed(prepared, params.norm_pre) : prepared, grid };
  };
  const finish = (tokens: tf.Tensor3D, { norm, head }: VitParams): tf.Tensor3D => {
    const features = normed(tokens, norm);
    return head ? (linear(features, head.weight) as tf.Tensor3D) : features;
  };
  return {
    name,
    stride: patchSize,
    tokenDim,
    auxDim: dim,
    classToken: 'learned',
    prefixTokens,
    mean,
    std,
    imageSize,
    positionGrid,
    depth,
    heads,
    auxBlock: auxIndex,
    init: (seed) => initVit(sizes, seed),
    trainable: (path) => path !== 'pos_embed',
    adapt: (path, stored, shape) =>
      path === 'pos_embed' ? adaptPositions(stored, { shape, grid: positionGrid }, positions) : undefined,
    apply(params, images, applyOptions) {
      return tidied(() => {
        const { tokens, grid } = enter(params, images);
        const { outputs, taps } = runBlocks(Object.values(params.blocks), tokens, blocks, applyOptions);
        const features = finish(outputs.at(-1)!, params);
        const result: BackboneOutput = {
          clsToken: tf.reshape(tf.slice(features, [0, 0, 0], [-1, 1, -1]), [-1, tokenDim]),
          patchTokens: tf.slice(features, [0, prefixTokens, 0]),
          auxTokens: tf.slice(outputs[auxIndex]!, [0, prefixTokens, 0]),
          grid,
          auxGrid: grid,
        };
        return applyOptions?.taps ? { ...result, taps } : result;
      });
    },
    clsToken(params, images, { wrapBlock = unwrapped } = {}) {
      return tf.tidy(() => {
        const allParams = Object.values(params.blocks);
        const { tokens } = enter(params, images);
        const { outputs } = runBlocks(allParams.slice(0, -1), tokens, blocks, { wrapBlock });
        const lastBlock = wrapBlock((x, weights) =>
          tf.tidy(() => classTokenBlock(weights as BlockParams, x, blocks)),
        );
        const last = lastBlock(outputs.at(-1) ?? tokens, allParams.at(-1)!);
        return tf.reshape<tf.Rank.R2>(finish(last, params), [-1, tokenDim]);
      });
    },
  };
}

/** Tokens that enter the first block: class token, registers and patches, with positions. `[B,1+R+h·w,D]` */
function prepare(
  params: VitParams,
  images: tf.Tensor4D,
  grids: { readonly from: Grid; readonly to: Grid },
  options: PositionOptions,
): tf.Tensor3D {
  const patches = patchEmbed(params.patch_embed, images);
  const perImage = (tokens: tf.Tensor3D): tf.Tensor3D => tf.tile(tokens, [images.shape[0], 1, 1]);
  const classToken = perImage(params.cls_token);
  const positions = resizePositions(detach(params.pos_embed), grids, options);
  if (options.classPosition) return tf.add(tf.concat<tf.Tensor3D>([classToken, patches], 1), positions);
  const registers = params.reg_token ? [perImage(params.reg_token)] : [];
  return tf.concat<tf.Tensor3D>([classToken, ...registers, tf.add<tf.Tensor3D>(patches, positions)], 1);
}

const unwrapped: NonNullable<ApplyOptions['wrapBlock']> = (block) => block;

function runBlocks(
  params: readonly BlockParams[],
  prepared: tf.Tensor3D,
  options: BlockOptions,
  { taps = [], wrapBlock = unwrapped }: ApplyOptions = {},
): { outputs: tf.Tensor3D[]; taps: Taps } {
  const block = wrapBlock((tokens, weights) =>
    tf.tidy(() => transformerBlock(weights as BlockParams, tokens, options)),
  );
  const inputs = [prepared];
  for (const weights of params) inputs.push(block(inputs.at(-1)!, weights));
  const attention = (index: number): tf.Tensor4D => blockAttention(params[index]!, inputs[index]!, options);
  return {
    outputs: inputs.slice(1),
    taps: {
      ...(taps.includes('prepared') && { prepared }),
      ...(taps.includes('tokens') && { tokens: inputs.slice(1) }),
      ...(taps.includes('attention') && { attention: params.map((_, index) => attention(index)) }),
      ...(taps.includes('lastAttention') && { lastAttention: attention(params.length - 1) }),
    },
  };
}
