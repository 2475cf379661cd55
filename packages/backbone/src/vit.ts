import * as tf from '@tensorflow/tfjs-core';
import { assertShape, detach, layerNorm } from '@toco/core';
import type { ApplyOptions, Backbone, BackboneOutput, Grid, Rgb, Taps } from './backbone.js';
import { blockAttention, transformerBlock, type BlockOptions, type BlockParams } from './block.js';
import { imagenetMean, imagenetStd } from './normalization.js';
import { patchEmbed, patchGrid } from './patch-embed.js';
import { adaptPositions, resizePositions } from './positions.js';
import { tidied } from './tidied.js';
import { initVit, type VitParams } from './vit-params.js';

/** Sizes of a vision transformer, and what ToCo takes from it. */
export interface VitOptions {
  /** What messages call it. */
  readonly name?: string;
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
  readonly mlpRatio?: number;
  /** Block whose output gives the auxiliary tokens: from 0, or negative from the end (the tenth of twelve in the paper). */
  readonly auxBlock?: number;
  readonly layerNormEpsilon?: number;
  readonly mean?: Rgb;
  readonly std?: Rgb;
}

/** A vision transformer as a {@link Backbone}, with what describes it. */
export interface Vit extends Backbone<VitParams> {
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
 * A vision transformer (Dosovitskiy et al., 2021) with learned class token and fixed positions, in timm's layout and names.
 *
 * `clsToken` and `patchTokens` come after the final norm, `auxTokens` is the output of block `auxBlock` without norm (ToCo,
 * section 3.2). Images may have any size of at least one patch: positions are resized bicubically to the token grid.
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
  const blocks: BlockOptions = { heads, layerNormEpsilon };
  return {
    name,
    stride: patchSize,
    tokenDim: dim,
    auxDim: dim,
    classToken: 'learned',
    mean,
    std,
    imageSize,
    positionGrid,
    depth,
    heads,
    auxBlock: auxIndex,
    init: (seed) => initVit({ patchSize, dim, depth, mlpRatio, positionGrid }, seed),
    trainable: (path) => path !== 'pos_embed',
    adapt: (path, stored, shape) =>
      path === 'pos_embed' ? adaptPositions(stored, shape, positionGrid) : undefined,
    apply(params, images, applyOptions) {
      assertShape(`${name}: images`, images, ['B', 'H', 'W', 3]);
      const [, height, width] = images.shape;
      const grid = patchGrid([height, width], patchSize);
      if (grid[0] === 0 || grid[1] === 0) {
        throw new Error(`${name}: images of ${height}×${width} hold no patch of ${patchSize}; enlarge them`);
      }
      return tidied(() => {
        const tokens = prepare(params, images, positionGrid, grid);
        const { outputs, taps } = runBlocks(params.blocks, tokens, blocks, applyOptions);
        const normed = layerNorm(outputs.at(-1)!, params.norm, { epsilon: layerNormEpsilon });
        const result: BackboneOutput = {
          clsToken: tf.reshape(tf.slice(normed, [0, 0, 0], [-1, 1, -1]), [-1, dim]),
          patchTokens: tf.slice(normed, [0, 1, 0]),
          auxTokens: tf.slice(outputs[auxIndex]!, [0, 1, 0]),
          grid,
          auxGrid: grid,
        };
        return applyOptions?.taps ? { ...result, taps } : result;
      });
    },
  };
}

/** Tokens that enter the first block: class token and patches, each with its position. `[B,1+h·w,D]` */
function prepare(params: VitParams, images: tf.Tensor4D, from: Grid, to: Grid): tf.Tensor3D {
  const patches = patchEmbed(params.patch_embed, images);
  const classToken = tf.tile(params.cls_token, [images.shape[0], 1, 1]);
  const positions = resizePositions(detach(params.pos_embed), from, to);
  return tf.add(tf.concat([classToken, patches], 1), positions);
}

function runBlocks(
  params: VitParams['blocks'],
  prepared: tf.Tensor3D,
  options: BlockOptions,
  { taps = [], wrapBlock = (block) => block }: ApplyOptions = {},
): { outputs: tf.Tensor3D[]; taps: Taps } {
  const block = wrapBlock((tokens, weights) =>
    tf.tidy(() => transformerBlock(weights as BlockParams, tokens, options)),
  );
  const inputs = [prepared];
  const allParams = Object.values(params);
  for (const weights of allParams) inputs.push(block(inputs.at(-1)!, weights));
  const attention = (index: number): tf.Tensor4D =>
    blockAttention(allParams[index]!, inputs[index]!, options);
  return {
    outputs: inputs.slice(1),
    taps: {
      ...(taps.includes('prepared') && { prepared }),
      ...(taps.includes('tokens') && { tokens: inputs.slice(1) }),
      ...(taps.includes('attention') && { attention: allParams.map((_, index) => attention(index)) }),
      ...(taps.includes('lastAttention') && { lastAttention: attention(allParams.length - 1) }),
    },
  };
}
