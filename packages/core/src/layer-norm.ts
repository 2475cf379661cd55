import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { customGradient } from './custom-gradient.js';
import { eagerKernel } from './eager-kernel.js';
import { fuse } from './step-compiler.js';

/**
 * Layer normalization over the last dimension: (x − mean)/√(variance + ε)·γ + β with the biased variance.
 *
 * @param x [..., D]
 * @param norm γ is its `weight` `[D]`, β its `bias` `[D]`: a norm layer of a timm checkpoint as it is
 * @param options `epsilon` is added to the variance (timm's ViT: 1e-6; PyTorch's default: 1e-5)
 * @returns [..., D]
 * @example
 * const y = layerNorm(x, params.norm1, { epsilon: 1e-6 });
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  { weight, bias }: { readonly weight: tf.Tensor; readonly bias: tf.Tensor },
  { epsilon }: { readonly epsilon: number },
): T {
  const { D } = assertShape('layerNorm: x', x, ['...', 'D']);
  assertShape('layerNorm: weight', weight, [D]);
  assertShape('layerNorm: bias', bias, [D]);
  return customGradient(
    [x, weight, bias],
    (save) => {
      save(x, weight);
      return (
        eagerKernel<T, 'TocoLayerNorm'>('TocoLayerNorm', { x, weight, bias }, { epsilon }) ??
        fuse((x: T, weight: tf.Tensor, bias: tf.Tensor) =>
          tf.add<T>(tf.mul(normalize(x, epsilon).normalized, weight), bias),
        )(x, weight, bias)
      );
    },
    (dy, [x, weight]) =>
      fuse((dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor) => {
        const { normalized, inverse } = normalize(x, epsilon);
        const rows = dy.shape.slice(0, -1).map((_, i) => i);
        const weighted = tf.mul(dy, weight);
        const along = tf.mean(tf.mul(weighted, normalized), -1, true);
        const common = tf.mean(weighted, -1, true);
        return [
          tf.mul(tf.sub(tf.sub(weighted, common), tf.mul(normalized, along)), inverse),
          tf.sum(tf.mul(dy, normalized), rows),
          tf.sum(dy, rows),
        ];
      })(dy, x!, weight!),
  );
}

function normalize(x: tf.Tensor, epsilon: number): { normalized: tf.Tensor; inverse: tf.Tensor } {
  const centered = tf.sub(x, tf.mean(x, -1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), epsilon)); // [..., 1]
  return { normalized: tf.mul(centered, inverse), inverse };
}
