import { classLabels, multiScaleCams, validCam } from '@toco/cam';
import { tidied, type TensorTree } from '@toco/core';
import type { Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { patchTokensOf, tokenSimilarity } from '../../src/forward/token-similarity.js';

/** What a batch of a validation gives. */
interface TensorValidation {
  /** `[B,S,S,M]` multi-scale CAM of the classes shown, in 0…1; 0 in planes of padding. */
  readonly cam: tf.Tensor4D;
  readonly camAux: tf.Tensor4D;
  /** `[B,h,w,K]` on the token grid. */
  readonly segLogits: tf.Tensor4D;
  /** `[B,C]` */
  readonly clsLogits: tf.Tensor2D;
  /** `[blocks]`, averaged over the images. */
  readonly similarity: tf.Tensor1D;
}

/**
 * A validation written with tensors from end to end, as the step makes its CAMs: what the segmenter, which fuses on the host, must
 * agree with.
 *
 * @param images `[B,S,S,3]`, normalized
 * @param classes `[B,M]` int32: the classes that each image shows, padded with −1
 */
export function tensorValidation<P extends TensorTree>(
  { network, params }: { readonly network: Network<P>; readonly params: NetworkParams<P> },
  { images, classes }: { readonly images: tf.Tensor4D; readonly classes: tf.Tensor2D },
  scales: readonly number[],
): TensorValidation {
  return tidied(() => {
    const output = network.forward(params, images, { taps: ['tokens'] });
    const { cam, camAux } = multiScaleCams(
      (views) => network.rawCams(params, network.forward(params, views)),
      images,
      { scales, stride: network.backbone.stride, main: network.rawCams(params, output), classes },
    );
    const shown = classLabels(classes);
    return {
      cam: validCam(cam, shown),
      camAux: validCam(camAux, shown),
      segLogits: network.segment(params, output),
      clsLogits: output.clsLogits,
      similarity: tf.stack(
        patchTokensOf(output.taps!.tokens!, network.backbone).map(tokenSimilarity),
      ) as tf.Tensor1D,
    };
  });
}
