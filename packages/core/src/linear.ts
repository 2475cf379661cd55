import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';

/**
 * Linear map of the last dimension: y = x·Wᵀ + b, with the weight as PyTorch stores it.
 *
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out]
 * @returns [..., out]
 * @example
 * const qkv = linear(tokens, attn.qkv.weight, attn.qkv.bias); // [B,N,D] → [B,N,3D]
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const { outputs, inputs } = assertShape('linear: weight', weight, ['outputs', 'inputs']);
  assertShape('linear: x', x, ['...', inputs]);
  if (bias) assertShape('linear: bias', bias, [outputs]);
  return tf.tidy(() => {
    // tfjs' own gradient of a product of matrices is right, transposes nothing, and computes only what is asked for.
    const product = tf.matMul(tf.reshape(x, [-1, inputs]), weight, false, true); // [rows, out]
    return tf.reshape(bias ? tf.add(product, bias) : product, [...x.shape.slice(0, -1), outputs]);
  });
}
