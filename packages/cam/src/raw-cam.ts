import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Class activation map: the classifier's weights applied to every token instead of to the pooled ones.
 *
 * cam[b,y,x,c] = Σ_d W[c,d] · F[b,y,x,d]
 *
 * Source: Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016; ToCo, CVPR 2023.
 *
 * @param tokens `[B,h,w,D]`, token grid.
 * @param weight `[C,D]`, classifier without bias.
 * @returns `[B,h,w,C]`, not normalized.
 * @example
 * const cam = rawCam(tf.reshape(patchTokens, [batch, h, w, dim]), params.classifier.weight);
 */
export function rawCam(tokens: tf.Tensor, weight: tf.Tensor): tf.Tensor4D {
  const { B, h, w, D } = assertShape('rawCam: tokens', tokens, ['B', 'h', 'w', 'D']);
  const { C } = assertShape('rawCam: weight', weight, ['C', D]);
  return tf.tidy(() => {
    const rows = tf.matMul(tf.reshape(tokens, [B * h * w, D]), weight, false, true);
    return tf.reshape(rows, [B, h, w, C]);
  });
}
