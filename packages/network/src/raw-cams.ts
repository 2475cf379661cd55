import * as tf from '@tensorflow/tfjs-core';
import { detach, linear } from '@toco/core';
import type { BackboneOutput } from '@toco/backbone';
import type { ClassifierParams } from './params.js';

/** Class activation maps of both classifiers, before any resizing and normalization. */
export interface RawCams {
  /** From the final tokens `[B,h,w,C]`. */
  readonly cam: tf.Tensor4D;
  /** From the auxiliary tokens `[B,ha,wa,C]`. */
  readonly camAux: tf.Tensor4D;
}

/** Parameters of both classifiers. */
export interface Classifiers {
  readonly classifier: ClassifierParams;
  readonly aux_classifier: ClassifierParams;
}

/**
 * Raw class activation maps: each classifier's weights applied to every token, `cam[b,y,x,c] = Σ_d W[c,d]·F[b,y,x,d]`.
 * They are constants: no gradient goes through them.
 */
export function rawCams(
  params: Classifiers,
  output: Pick<BackboneOutput, 'patchTokens' | 'auxTokens' | 'grid' | 'auxGrid'>,
): RawCams {
  const { patchTokens, auxTokens, grid, auxGrid } = output;
  return {
    cam: rawCam(params.classifier, patchTokens, grid),
    camAux: rawCam(params.aux_classifier, auxTokens, auxGrid),
  };
}

function rawCam(
  { weight }: ClassifierParams,
  tokens: tf.Tensor3D,
  [h, w]: readonly [number, number],
): tf.Tensor4D {
  return tf.tidy(() => {
    const scores = linear(detach(tokens), detach(weight));
    return tf.reshape(scores, [tokens.shape[0], h, w, weight.shape[0]]);
  });
}
