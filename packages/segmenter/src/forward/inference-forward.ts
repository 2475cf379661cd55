import { resize, tidied, type TensorTree } from '@toco/core';
import type { Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { normalized } from './normalized.js';

/** What an exported network is given. */
export interface InferenceInputs {
  /** `[B,S,S,3]`: red, green, blue in 0…255, not normalised. */
  readonly images: tf.Tensor4D;
}

/** What an exported network gives. */
export interface InferenceOutputs {
  /** `[B,S,S,K]` segmentation logits, background first. */
  readonly logits: tf.Tensor4D;
  /** `[B,S,S]` int32: the class of every pixel, 0 is background. */
  readonly labels: tf.Tensor3D;
  /** `[B,C]`: how probable it is that the image shows a class, without background. */
  readonly scores: tf.Tensor2D;
}

/**
 * The network as its users want it: from the pixels of an image as they are in the file to labels of the same size. One
 * scale, no mirror, no CRF.
 */
export function inferenceForward<P extends TensorTree>(
  network: Network<P>,
): (params: NetworkParams<P>, inputs: InferenceInputs) => InferenceOutputs {
  return (params, { images }) =>
    tidied(() => {
      const [, height, width] = images.shape;
      const output = network.forward(params, normalized(images, network.backbone));
      const logits = resize(network.segment(params, output), [height, width], {
        method: 'bilinear',
        alignCorners: false,
      });
      return {
        logits,
        labels: tf.cast(tf.argMax(logits, -1), 'int32'),
        scores: tf.sigmoid(output.clsLogits),
      };
    });
}
