import * as tf from '@tensorflow/tfjs-core';

/** Keeps tensors of the forward pass for the backward pass, which gets them in the same order. */
export type Save = (...tensors: tf.Tensor[]) => void;

/**
 * An operation whose gradient is given by hand: `tf.customGrad` with names, types and tidy memory.
 *
 * What the backward pass uses must be saved, inputs included: by the time it runs everything else may have been disposed.
 * Nothing is recorded of the operations inside `forward`, nor is anything followed that it uses besides `inputs`.
 *
 * @param inputs tensors that receive a gradient
 * @param forward computes the value; runs at once
 * @param backward from the gradient of the value and the saved tensors to one gradient per input, of its shape
 * @example
 * const square = (x: tf.Tensor) =>
 *   customGradient([x], (save) => (save(x), tf.square(x)), (dy, [x]) => [tf.mul(dy, tf.mul(x, 2))]);
 */
export function customGradient<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: (save: Save) => T,
  backward: (dy: tf.Tensor, saved: readonly tf.Tensor[]) => readonly tf.Tensor[],
): T {
  const operation = tf.customGrad<T>((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    return {
      value: forward((...tensors) => save(tensors)),
      // tfjs tidies only what is computed per input, not the function as a whole. It also disposes a gradient when it adds
      // another one to it, so that no two inputs may be given the same tensor, and none the tensor that came in.
      gradFunc: (dy: T, saved: tf.Tensor[]) =>
        tf.tidy(() => {
          const gradients = backward(dy, saved);
          return gradients.map((gradient, i) =>
            gradient === dy || gradients.indexOf(gradient) < i ? tf.clone(gradient) : gradient,
          );
        }),
    };
  });
  return operation(...inputs);
}
