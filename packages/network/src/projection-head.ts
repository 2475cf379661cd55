import * as tf from '@tensorflow/tfjs-core';
import {
  assertShape,
  childSeed,
  detach,
  gelu,
  kaimingUniform,
  l2Normalize,
  linear,
  truncatedNormal,
} from '@toco/core';
import type { LinearParams } from '@toco/backbone';
import type { ProjectionHeadParams } from './params.js';

/** Widths of a projection head. */
export interface ProjectionSizes {
  /** Hidden layers, 2048 in the paper's experiments. */
  readonly hidden: number;
  /** Where the length is normalized, 256. */
  readonly bottleneck: number;
  /** Result, 1024. */
  readonly out: number;
}

/** Smallest length that a vector is divided by, PyTorch's `normalize`. */
const epsilon = 1e-12;

/**
 * Class tokens projected for the class-token contrast (ToCo, section 4.3): D → hidden → hidden → bottleneck with GELU
 * between, unit length, then a linear map whose rows have the length `weight_g`. The result is not of unit length.
 *
 * @param clsToken `[B,D]`
 * @returns `[B,out]`
 */
export function project({ mlp, last_layer: last }: ProjectionHeadParams, clsToken: tf.Tensor2D): tf.Tensor2D {
  assertShape('project: clsToken', clsToken, ['B', mlp[0].weight.shape[1]]);
  return tf.tidy(() => {
    const first = gelu(linear(clsToken, mlp[0].weight, mlp[0].bias));
    const second = gelu(linear(first, mlp[2].weight, mlp[2].bias));
    const bottleneck = l2Normalize(linear(second, mlp[4].weight, mlp[4].bias), { epsilon });
    const weight = tf.mul(l2Normalize(last.weight_v, { epsilon }), detach(last.weight_g)); // lengths are not trained
    return linear(bottleneck, weight) as tf.Tensor2D;
  });
}

/** First weights: linear ones truncated normal (σ = 0.02), biases 0, `weight_v` like PyTorch's default, `weight_g` 1. */
export function initProjectionHead(
  { dim, hidden, bottleneck, out }: ProjectionSizes & { readonly dim: number },
  seed: number,
): ProjectionHeadParams {
  const layer = (index: number, outputs: number, inputs: number): LinearParams => {
    const options = { standardDeviation: 0.02, seed: childSeed(seed, `proj_head.mlp.${index}.weight`) };
    return { weight: truncatedNormal([outputs, inputs], options) as tf.Tensor2D, bias: tf.zeros([outputs]) };
  };
  const options = { fanIn: bottleneck, seed: childSeed(seed, 'proj_head.last_layer.weight_v') };
  return {
    mlp: { 0: layer(0, hidden, dim), 2: layer(2, hidden, hidden), 4: layer(4, bottleneck, hidden) },
    last_layer: {
      weight_g: tf.ones([out, 1]),
      weight_v: kaimingUniform([out, bottleneck], options) as tf.Tensor2D,
    },
  };
}
