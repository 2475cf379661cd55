import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { eagerKernel } from './eager-kernel.js';
import { gelu } from './gelu.js';
import { layerNorm } from './layer-norm.js';
import { linear } from './linear.js';

/** What comes before and after a linear map; all of it optional. */
export interface FusedLinearOptions {
  /** Layer normalization of x: `weight` and `bias` `[in]`, and what is added to the variance. */
  readonly norm?:
    { readonly weight: tf.Tensor; readonly bias: tf.Tensor; readonly epsilon: number } | undefined;
  /** Whether {@link gelu} follows the bias. */
  readonly gelu?: boolean | undefined;
  /** `[out]`, by which the result is multiplied before the residual is added (layer scale). */
  readonly scale?: tf.Tensor | undefined;
  /** `[..., out]`, to which the result is added. */
  readonly residual?: tf.Tensor | undefined;
}

/**
 * {@link linear} with what surrounds it in a transformer's block: `residual + scale·gelu(norm(x)·Wᵀ + b)`.
 *
 * Outside compiled steps and without gradients, it is one operation on TensorFlow's CPU, which `@toco/runtime` adds: one pass over
 * memory. Anywhere else it is made of the parts.
 *
 * @param x `[..., in]`
 * @param map `weight` `[out, in]`, `bias` `[out]`
 * @returns `[..., out]`
 * @throws where a shape does not fit, naming it
 * @example
 * const hidden = fusedLinear(x, mlp.fc1, { norm: { ...norm2, epsilon: 1e-6 }, gelu: true });
 * const y = fusedLinear(hidden, mlp.fc2, { residual: x });
 */
export function fusedLinear(
  x: tf.Tensor,
  { weight, bias }: { readonly weight: tf.Tensor; readonly bias?: tf.Tensor },
  { norm, gelu: activates = false, scale, residual }: FusedLinearOptions,
): tf.Tensor {
  const { outputs, inputs } = assertShape('fusedLinear: weight', weight, ['outputs', 'inputs']);
  assertShape('fusedLinear: x', x, ['...', inputs]);
  for (const vector of [bias, scale])
    if (vector) assertShape('fusedLinear: bias or scale', vector, [outputs]);
  if (residual) assertShape('fusedLinear: residual', residual, [...x.shape.slice(0, -1), outputs]);
  if (!tf.engine().isTapeOn()) {
    const tensors = { x, weight, bias, scale, residual, normWeight: norm?.weight, normBias: norm?.bias };
    const output = eagerKernel('TocoLinear', tensors, {
      gelu: activates,
      ...(norm && { epsilon: norm.epsilon }),
    });
    if (output) return output;
  }
  return tf.tidy(() => {
    const normed = norm ? layerNorm(x, norm, { epsilon: norm.epsilon }) : x;
    const mapped = linear(normed, weight, bias);
    const activated = activates ? gelu(mapped) : mapped;
    const scaled = scale ? tf.mul(activated, scale) : activated;
    return residual ? tf.add(residual, scaled) : scaled;
  });
}
