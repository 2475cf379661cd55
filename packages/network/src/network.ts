import * as tf from '@tensorflow/tfjs-core';
import { assertShape, mapTree, type TensorTree } from '@toco/core';
import type { ApplyOptions, Backbone, BackboneOutput, Grid, ImportReport } from '@toco/backbone';
import type { FloatArray, StoredArray } from '@toco/core';
import { checkBackboneOutput } from './check-output.js';
import { exportCheckpoint, importCheckpoint } from './checkpoint.js';
import { classify, initClassifier } from './classifier.js';
import { decode, initDecoder } from './decoder.js';
import type { DecoderParams, NetworkParams, NetworkState, ProjectionHeadParams } from './params.js';
import { initProjectionHead, project, type ProjectionSizes } from './projection-head.js';
import { rawCams, type Classifiers, type RawCams } from './raw-cams.js';

/** Options of {@link createNetwork}. */
export interface NetworkOptions<P extends TensorTree> {
  readonly backbone: Backbone<P>;
  /** Number of foreground classes `C`: 20 for VOC, 80 for COCO. */
  readonly numClasses: number;
  /** Width of the decoder's hidden layers. */
  readonly decoderDim?: number | undefined;
  /** Dilation of the decoder's 3×3 convolutions, 5 in the paper. */
  readonly decoderDilation?: number | undefined;
  /** Widths of the projection head. */
  readonly projection?: ProjectionSizes | undefined;
}

/**
 * Makes a network of backbone, classes and widths, as {@link createNetwork} does: the place of a network of one's own, with further
 * heads or several class tokens.
 *
 * @example
 * ```ts
 * export const network: MakeNetwork = (options) => {
 *   const base = createNetwork(options);
 *   return { ...base, trainable: (path) => base.trainable(path) && !path.startsWith('encoder.patch_embed.') };
 * };
 * ```
 */
export type MakeNetwork = (options: NetworkOptions<TensorTree>) => Network;

/** What {@link Network.forward} gives. */
export interface NetworkOutput extends BackboneOutput {
  /** Logits of the classes `[B,C]` from the final tokens. */
  readonly clsLogits: tf.Tensor2D;
  /** Logits of the classes `[B,C]` from the auxiliary tokens. */
  readonly auxLogits: tf.Tensor2D;
}

/** ToCo's heads on a backbone: pure functions of their parameters. */
export interface Network<P extends TensorTree = TensorTree> {
  readonly backbone: Backbone<P>;
  /** Number of foreground classes `C`; segmentation has `K = C + 1`, background first. */
  readonly numClasses: number;
  /** A new network, the same for the same seed; the teacher starts as a copy of the projection head. */
  init(seed: number): NetworkState<P>;
  /**
   * Optional: the state with pretrained parameters of the backbone; left out, they become `params.encoder`. For networks that use
   * them more than once.
   */
  withPretrained?(state: NetworkState<P>, encoder: P): NetworkState<P>;
  /** Whether the parameter at this dotted path of {@link NetworkParams} is trained. */
  trainable(path: string): boolean;
  /** Features and logits of both classifiers for normalized images `[B,H,W,3]`. */
  forward(
    params: Pick<NetworkParams<P>, 'encoder' | 'classifier' | 'aux_classifier'>,
    images: tf.Tensor4D,
    options?: ApplyOptions,
  ): NetworkOutput;
  /**
   * Class tokens `[B,D]` alone, for less work where the backbone knows how: `forward(…).clsToken` for images of which
   * nothing else is looked at.
   */
  clsToken(
    params: Pick<NetworkParams<P>, 'encoder'>,
    images: tf.Tensor4D,
    options?: Pick<ApplyOptions, 'wrapBlock'>,
  ): tf.Tensor2D;
  /** Segmentation logits `[B,h,w,K]` on the grid of `patchTokens` `[B,h·w,D]`; apart from `forward`, as CAMs don't need them. */
  segment(
    params: { readonly decoder: DecoderParams },
    output: { readonly patchTokens: tf.Tensor3D; readonly grid: Grid },
  ): tf.Tensor4D;
  /** Projection `[B,out]` of class tokens `[B,D]` by the student's or the teacher's head. */
  project(head: ProjectionHeadParams, clsToken: tf.Tensor2D): tf.Tensor2D;
  /** Class activation maps of both classifiers on their token grids; no gradient goes through them. */
  rawCams(
    params: Classifiers,
    output: Pick<BackboneOutput, 'patchTokens' | 'auxTokens' | 'grid' | 'auxGrid'>,
  ): RawCams;
  /**
   * A new state with the values of a checkpoint (names `encoder.*`, `classifier.weight`, …, `proj_head_t.*`, PyTorch
   * layouts). What the checkpoint has not keeps its value. Nothing given is changed or disposed.
   *
   * @throws when no name matches or a shape doesn't fit
   */
  importCheckpoint(
    state: NetworkState<P>,
    arrays: Readonly<Record<string, StoredArray>>,
  ): NetworkState<P> & { readonly report: ImportReport };
  /** The arrays of a checkpoint: inverse of {@link Network.importCheckpoint}. Rejects parameters of the teacher's name `proj_head_t`. */
  exportCheckpoint(state: NetworkState<P>): Promise<Record<string, FloatArray>>;
}

/**
 * Token Contrast's network on any backbone: two classifiers, a segmentation decoder, a projection head and its teacher
 * (ToCo, section 4 and figure 3).
 *
 * @example
 * ```ts
 * const network = createNetwork({ backbone: deitTiny(), numClasses: 20 });
 * const { params, teacher } = network.init(0);
 * const output = network.forward(params, images); // clsLogits [B,20], auxLogits [B,20], patchTokens [B,N,192], …
 * const logits = network.segment(params, output); // [B,h,w,21]
 * const { cam, camAux } = network.rawCams(params, output); // [B,h,w,20]
 * const target = network.project(teacher, output.clsToken); // [B,1024]
 * ```
 */
export function createNetwork<P extends TensorTree>(options: NetworkOptions<P>): Network<P> {
  const { backbone, numClasses, decoderDim = 512, decoderDilation: dilation } = options;
  const { projection = { hidden: 2048, bottleneck: 256, out: 1024 } } = options;
  const { tokenDim, auxDim } = backbone;
  return {
    backbone,
    numClasses,
    init(seed) {
      const proj_head = initProjectionHead({ ...projection, dim: tokenDim }, seed);
      const params = {
        encoder: backbone.init(seed),
        classifier: initClassifier('classifier', { numClasses, dim: tokenDim }, seed),
        aux_classifier: initClassifier('aux_classifier', { numClasses, dim: auxDim }, seed),
        decoder: initDecoder({ numClasses, dim: tokenDim, decoderDim }, seed),
        proj_head,
      };
      return { params, teacher: mapTree(proj_head, (leaf) => tf.clone(leaf)) };
    },
    trainable: (path) =>
      path.startsWith('encoder.')
        ? backbone.trainable(path.slice('encoder.'.length))
        : path !== 'proj_head.last_layer.weight_g',
    forward(params, images, applyOptions) {
      const output: unknown = backbone.apply(params.encoder, images, applyOptions);
      checkBackboneOutput(backbone, images, output);
      return {
        ...output,
        clsLogits: classify(params.classifier, output.patchTokens),
        auxLogits: classify(params.aux_classifier, output.auxTokens),
      };
    },
    clsToken({ encoder }, images, applyOptions) {
      return backbone.clsToken
        ? backbone.clsToken(encoder, images, applyOptions)
        : tf.tidy(() => backbone.apply(encoder, images, applyOptions).clsToken);
    },
    segment({ decoder }, { patchTokens, grid: [h, w] }) {
      assertShape('segment: patchTokens', patchTokens, ['B', h * w, tokenDim]);
      return tf.tidy(() => decode(decoder, tf.reshape(patchTokens, [-1, h, w, tokenDim]), { dilation }));
    },
    project,
    rawCams,
    importCheckpoint: (state, arrays) => importCheckpoint(backbone, state, arrays),
    exportCheckpoint,
  };
}
