import { customGradient, inFloat32 } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** The value of a loss and its derivative with respect to the tensor that it was computed from. */
export interface ValueAndDerivative {
  readonly value: tf.Tensor;
  readonly derivative: tf.Tensor;
}

/**
 * A scalar loss of `x` whose gradient is the `derivative` that `loss` states beside its value.
 *
 * Both come from the same intermediate results, which are freed before this returns: between the forward and the
 * backward pass only the derivative lives, one tensor of the shape of `x`. Other tensors that `loss` uses get no gradient.
 */
export function withDerivative(x: tf.Tensor, loss: () => ValueAndDerivative): tf.Scalar {
  return customGradient(
    [x],
    (save) => {
      const { value, derivative } = inFloat32(loss);
      save(derivative);
      return value as tf.Scalar;
    },
    (dy, [derivative]) => [tf.mul(derivative!, dy)],
  );
}
