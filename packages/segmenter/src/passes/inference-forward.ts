import { resize, tidied, type TensorTree } from '@toco/core';
import type { Network } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { networkPass, type UsedParams } from './network-pass.js';
import type { PassOutput } from './pass-engine.js';

/** What an exported network is given. */
export interface InferenceInputs {
  /** `[B,S,S,3]`: red, green, blue in 0…255, not normalized. */
  readonly images: tf.Tensor4D;
}

/** What an exported network can give. `C` classes, `K = C + 1` with the background first; `h×w` is the token grid. */
export interface InferenceOutputs {
  /** `[B,S,S,K]` segmentation logits. */
  readonly logits: tf.Tensor4D;
  /** `[B,S,S]` int32: the class of every pixel, 0 is background. */
  readonly labels: tf.Tensor3D;
  /** `[B,C]`: how probable it is that the image shows a class, without background. */
  readonly scores: tf.Tensor2D;
  /** `[B,h,w,K]` segmentation logits on the token grid: all that `segmenterOfGraph` needs of `logits`, for a fraction of the bytes. */
  readonly segLogits: tf.Tensor4D;
  /** `[B,h,w,C]` raw class activation map. */
  readonly cam: tf.Tensor4D;
  /** The same of the auxiliary classifier. */
  readonly camAux: tf.Tensor4D;
  /** `[B,C]`: scores by the auxiliary classifier. */
  readonly scoresAux: tf.Tensor2D;
  /** `[B,h,w,D]` patch tokens. */
  readonly tokens: tf.Tensor4D;
  /** `[B,h,w,heads]` attention of the class token in the last block. */
  readonly attention: tf.Tensor4D;
}

/** One of {@link InferenceOutputs}. */
export type InferenceOutput = keyof InferenceOutputs;

/** The pass's output that each rests on; those that are given by default come first. */
const sources = {
  logits: 'segLogits',
  labels: 'segLogits',
  scores: 'clsLogits',
  segLogits: 'segLogits',
  cam: 'cam',
  camAux: 'camAux',
  scoresAux: 'auxLogits',
  tokens: 'tokens',
  attention: 'attention',
} as const satisfies Record<InferenceOutput, PassOutput>;

/** All that an exported network can give. */
export const inferenceOutputs = Object.keys(sources) as readonly InferenceOutput[];

/**
 * The network as its users want it: from the pixels of an image as they are in the file to labels of the same size. One
 * scale, no mirror, no CRF.
 *
 * @throws where the backbone has no attention of a class token and that is asked for
 */
export function inferenceForward<
  P extends TensorTree,
  const O extends InferenceOutput = 'logits' | 'labels' | 'scores',
>(
  network: Network<P>,
  // eslint-disable-next-line no-restricted-syntax -- what O is where nothing is asked for
  outputs: readonly O[] = ['logits', 'labels', 'scores'] as unknown as readonly O[],
): (params: UsedParams<P>, inputs: InferenceInputs) => Pick<InferenceOutputs, O> {
  const wanted = [...new Set(outputs.map((output) => sources[output]))];
  const has = (output: InferenceOutput): boolean => outputs.some((one) => one === output);
  return (params, { images }) =>
    tidied(() => {
      const [, height, width] = images.shape;
      const pass = networkPass(network, params, { images, wanted });
      const logits =
        has('logits') || has('labels')
          ? resize(pass.segLogits!, [height, width], { method: 'bilinear', alignCorners: false })
          : undefined;
      const make: Record<InferenceOutput, () => tf.Tensor> = {
        logits: () => logits!,
        labels: () => tf.cast(tf.argMax(logits!, -1), 'int32'),
        scores: () => tf.sigmoid(pass.clsLogits!),
        scoresAux: () => tf.sigmoid(pass.auxLogits!),
        segLogits: () => pass.segLogits!,
        cam: () => pass.cam!,
        camAux: () => pass.camAux!,
        tokens: () => pass.tokens!,
        attention: () => pass.attention!,
      };
      // eslint-disable-next-line no-restricted-syntax -- an object of just these keys
      return Object.fromEntries(outputs.map((output) => [output, make[output]()])) as unknown as Pick<
        InferenceOutputs,
        O
      >;
    });
}
