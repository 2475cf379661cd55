import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { l2Normalize } from './l2-normalize.js';

/**
 * Weight normalization: every row has the direction of `direction` and the length `length`, W = g·v/‖v‖.
 *
 * @param direction v [out,in] (`weight_v` in checkpoints)
 * @param length g [out,1] (`weight_g`)
 * @returns weight [out,in] for {@link linear}
 * @example
 * const projected = linear(x, weightNorm(last.weight_v, last.weight_g));
 */
export function weightNorm(direction: tf.Tensor, length: tf.Tensor): tf.Tensor {
  const { out } = assertShape('weightNorm: direction', direction, ['out', 'in']);
  assertShape('weightNorm: length', length, [out, 1]);
  return tf.tidy(() => tf.mul(l2Normalize(direction, { epsilon: 0 }), length));
}
