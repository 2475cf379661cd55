import type { ApplyOptions } from '@toco/network';
import { classLabels, multiScaleCams, validCam } from '@toco/cam';
import { tidied, type TensorTree } from '@toco/core';
import type { Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { tokenSimilarity } from './token-similarity.js';

/** What the forward pass of an evaluation is given. */
export interface EvaluationInputs {
  /** `[B,S,S,3]`, normalised. */
  readonly images: tf.Tensor4D;
  /** `[B,M]` int32: the classes that each image shows, padded with −1. */
  readonly classes: tf.Tensor2D;
}

/** What it gives. */
export interface EvaluationOutputs {
  /** `[B,S,S,M]` multi-scale CAM of the classes shown, in 0…1; 0 in planes of padding. */
  readonly cam: tf.Tensor4D;
  readonly camAux: tf.Tensor4D;
  /** `[B,h,w,K]` segmentation logits on the token grid. */
  readonly segLogits: tf.Tensor4D;
  /** `[B,C]` */
  readonly clsLogits: tf.Tensor2D;
  /** `[blocks]` mean cosine of different patch tokens after each block, averaged over the images. */
  readonly similarity: tf.Tensor1D;
}

/**
 * The forward pass of an evaluation during training: multi-scale CAMs of both classifiers with known labels, segmentation
 * at one scale without flip, classification, token similarity of every block (paper, fig. 2). `forward` reaches the backbone in
 * every pass.
 */
export function evaluationForward<P extends TensorTree>(
  network: Network<P>,
  { scales, forward = {} }: { scales: readonly number[]; forward?: ApplyOptions | undefined },
): (params: NetworkParams<P>, inputs: EvaluationInputs) => EvaluationOutputs {
  return (params, { images, classes }) =>
    tidied(() => {
      const output = network.forward(params, images, { ...forward, taps: ['tokens'] });
      const { cam, camAux } = multiScaleCams(
        (views) => network.rawCams(params, network.forward(params, views, forward)),
        images,
        {
          scales,
          main: network.rawCams(params, output),
          classes,
        },
      );
      const { classToken, prefixTokens = classToken === 'learned' ? 1 : 0 } = network.backbone;
      const perBlock = (output.taps?.tokens ?? [output.patchTokens]).map((tokens) => {
        const [, count, dim] = tokens.shape;
        const patches = output.taps?.tokens
          ? tf.slice(tokens, [0, prefixTokens, 0], [-1, count - prefixTokens, dim])
          : tokens;
        return tokenSimilarity(patches);
      });
      const shown = classLabels(classes);
      return {
        cam: validCam(cam, shown),
        camAux: validCam(camAux, shown),
        segLogits: network.segment(params, output),
        clsLogits: output.clsLogits,
        similarity: tf.stack(perBlock) as tf.Tensor1D,
      };
    });
}
