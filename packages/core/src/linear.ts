import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { customGradient } from './custom-gradient.js';
import { eagerKernel } from './eager-kernel.js';
import { isEager } from './step-compiler.js';

/**
 * Linear map of the last dimension: y = x·Wᵀ + b, with the weight as PyTorch stores it.
 *
 * Its gradient is written out, so that nothing but x and W is kept for it: dx = dy·W, dW = dyᵀ·x, db = Σ dy.
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
    const rows = tf.reshape(x, [-1, inputs]);
    const product = customGradient(
      bias ? [rows, weight, bias] : [rows, weight],
      (save) => {
        save(rows, weight);
        const fused = eagerKernel('TocoLinear', { x: rows, weight, bias }, { gelu: false });
        if (fused) return fused;
        // In a compiled step TensorFlow's CPU products by a transposed copy take 0.85 to 0.9 of the time of those that transpose on
        // their way; one by one, with the many rows of a prediction, the copy costs more than it saves.
        const mapped =
          isEager() && tf.getBackend() === 'tensorflow'
            ? tf.matMul(rows, weight, false, true)
            : tf.matMul(rows, tf.transpose(weight));
        return bias ? tf.add(mapped, bias) : mapped;
      },
      (dy, [rows, weight]) => {
        const gradients = [tf.matMul(dy, weight!), tf.matMul(dy, rows!, true, false)];
        return bias ? [...gradients, tf.sum(dy, 0)] : gradients;
      },
    );
    return tf.reshape(product, [...x.shape.slice(0, -1), outputs]);
  });
}
