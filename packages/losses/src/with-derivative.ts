import * as tf from '@tensorflow/tfjs-core';

/** The value of a loss and its derivative with respect to the tensor that it was computed from. */
export interface ValueAndDerivative {
  readonly value: tf.Scalar;
  readonly derivative: tf.Tensor;
}

/**
 * A scalar loss of `x` whose gradient is the `derivative` that `loss` states beside its value.
 *
 * Both come from the same intermediate results, which are freed before this returns: between the forward and the
 * backward pass only the derivative lives, one tensor of the shape of `x`. Other tensors that `loss` uses get no gradient.
 */
export function withDerivative<T extends tf.Tensor>(x: T, loss: (x: T) => ValueAndDerivative): tf.Scalar {
  const operation = tf.customGrad((...inputs) => {
    const [input, save] = inputs as [T, tf.GradSaveFunc];
    const { value, derivative } = loss(input);
    save([derivative]);
    return { value, gradFunc: (dy, [saved]) => tf.mul(saved as tf.Tensor, dy) };
  });
  return operation(x) as tf.Scalar;
}
