import type { ApplyOptions } from '@toco/network';
import { classLabels, multiScaleCams, validCam } from '@toco/cam';
import { type OddSizes, tidied, type TensorTree } from '@toco/core';
import type { Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { patchTokensOf, tokenSimilarity } from './token-similarity.js';

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
  {
    scales,
    oddSizes,
    forward = {},
  }: { scales: readonly number[]; oddSizes?: OddSizes | undefined; forward?: ApplyOptions },
): (params: NetworkParams<P>, inputs: EvaluationInputs) => EvaluationOutputs {
  return (params, { images, classes }) =>
    tidied(() => {
      const output = network.forward(params, images, { ...forward, taps: ['tokens'] });
      const { cam, camAux } = multiScaleCams(
        (views) => network.rawCams(params, network.forward(params, views, forward)),
        images,
        {
          scales,
          stride: network.backbone.stride,
          oddSizes,
          main: network.rawCams(params, output),
          classes,
        },
      );
      const blocks = output.taps?.tokens
        ? patchTokensOf(output.taps.tokens, network.backbone)
        : [output.patchTokens];
      const shown = classLabels(classes);
      return {
        cam: validCam(cam, shown),
        camAux: validCam(camAux, shown),
        segLogits: network.segment(params, output),
        clsLogits: output.clsLogits,
        similarity: tf.stack(blocks.map(tokenSimilarity)) as tf.Tensor1D,
      };
    });
}
