import type { TensorTree, Rgb } from '@toco/core';
import type { Tensor3D, Tensor4D, Tensor2D, Tensor } from '@tensorflow/tfjs-core';

/** Rows and columns of a token grid; tokens lie row by row, `N = h·w`. */
export type Grid = readonly [h: number, w: number];

/**
 * What a backbone can be asked to show besides its result:
 * - `prepared`: what enters the first block (tokens with class token and positions);
 * - `tokens`: the output of every block;
 * - `attention`: the attention of every block, after softmax;
 * - `lastAttention`: that of the last block alone (at large images the others take much memory).
 */
export type Tap = 'prepared' | 'tokens' | 'attention' | 'lastAttention';

/** What was tapped. `T` is the number of tokens in the blocks: `N` and the {@link Backbone.prefixTokens} before them. */
export interface Taps {
  /** `[B,T,D]`. */
  readonly prepared?: Tensor3D;
  /** One `[B,T,D]` per block, in order; `T` and `D` are those of the block's stage. */
  readonly tokens?: readonly Tensor3D[];
  /** One `[B,heads,T,T]` per block, in order. */
  readonly attention?: readonly Tensor4D[];
  /** `[B,heads,T,T]`. */
  readonly lastAttention?: Tensor4D;
}

/** One repeated piece of a backbone as a pure function of everything it depends on. */
export type BlockFunction = (tokens: Tensor3D, params: TensorTree) => Tensor3D;

/** Options of {@link Backbone.apply}. */
export interface ApplyOptions {
  /** What to return besides the result; nothing by default. A backbone ignores taps that it doesn't have. */
  readonly taps?: readonly Tap[] | undefined;
  /**
   * Called with the block function before it is used, the place for gradient checkpointing: the returned function must
   * compute the same values. A backbone without blocks ignores it.
   */
  readonly wrapBlock?: ((block: BlockFunction) => BlockFunction) | undefined;
}

/** What a backbone makes of `B` images. */
export interface BackboneOutput {
  /** The image as one vector `[B,D]`. */
  readonly clsToken: Tensor2D;
  /** Final features on the token grid `[B,N,D]`. */
  readonly patchTokens: Tensor3D;
  /** Intermediate features for the auxiliary classifier `[B,Na,Da]`. */
  readonly auxTokens: Tensor3D;
  /** Grid of `patchTokens`. */
  readonly grid: Grid;
  /** Grid of `auxTokens`, which may be another than `grid`. */
  readonly auxGrid: Grid;
  /** What was asked for in {@link ApplyOptions.taps}. */
  readonly taps?: Taps;
}

/**
 * Everything that ToCo wants to know about a feature extractor. A plain object is enough; nothing has to be extended or
 * registered. `P` is its tree of parameters, whose dotted paths are the names in checkpoints.
 *
 * What a training step calls (`apply`) must be pure: shapes known from the input's shape, no read-back, no `tf.Variable`.
 *
 * @example
 * ```ts
 * const mine: Backbone<{ stem: Tensor4D }> = {
 *   name: 'stem',
 *   stride: 16,
 *   tokenDim: 64,
 *   auxDim: 64,
 *   classToken: 'pooled',
 *   mean: imagenetMean,
 *   std: imagenetStd,
 *   init: (seed) => ({ stem: kaimingUniform([16, 16, 3, 64], { fanIn: 768, seed }) }),
 *   trainable: () => true,
 *   apply: ({ stem }, images) => {
 *     const features = tf.relu(tf.conv2d(images, stem, 16, 'valid'));
 *     const [batch, h, w, channels] = features.shape;
 *     const tokens = tf.reshape(features, [batch, h * w, channels]);
 *     const grid = [h, w] as const;
 *     return { clsToken: poolClassToken(tokens), patchTokens: tokens, auxTokens: tokens, grid, auxGrid: grid };
 *   },
 * };
 * ```
 */
export interface Backbone<P extends TensorTree = TensorTree> {
  /** What messages call it, for a public architecture its timm name. */
  readonly name: string;
  /** Pixels per token in each direction: images whose sides are multiples have `H / stride × W / stride` patch tokens. */
  readonly stride: number;
  /** `D`, the length of `clsToken` and of each patch token. */
  readonly tokenDim: number;
  /** `Da`, the length of each auxiliary token. */
  readonly auxDim: number;
  /** Whether `clsToken` is a token of its own or the mean of the patch tokens ({@link poolClassToken}). */
  readonly classToken: 'learned' | 'pooled';
  /** Number of tokens before the patch tokens in {@link Taps}; by default 1 with a learned class token, else 0. */
  readonly prefixTokens?: number;
  /** Mean of the colors in `0…1` that images are normalized with: `(image / 255 − mean) / std`. */
  readonly mean: Rgb;
  /** Standard deviation of the colors in `0…1` that images are normalized with. */
  readonly std: Rgb;
  /** New parameters, the same for the same seed. */
  init(seed: number): P;
  /** Whether the parameter at this dotted path is trained. */
  trainable(path: string): boolean;
  /** Features of normalized images `[B,H,W,3]`. */
  apply(params: P, images: Tensor4D, options?: ApplyOptions): BackboneOutput;
  /**
   * Optional: `apply(…).clsToken` for less work, for images of which nothing else is looked at (ToCo's second view and
   * local crops).
   */
  clsToken?(params: P, images: Tensor4D, options?: Pick<ApplyOptions, 'wrapBlock'>): Tensor2D;
  /**
   * Optional: makes a stored tensor of another shape fit the parameter at `path` (as a ViT does with its positions);
   * `undefined` where that can't be done. The result is a new tensor.
   */
  adapt?(path: string, stored: Tensor, shape: readonly number[]): Tensor | undefined;
}
