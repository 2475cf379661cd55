import * as tf from '@tensorflow/tfjs-core';

/**
 * The value of `f` as a constant: nothing that is computed inside is recorded for a gradient.
 *
 * For masks and targets that depend on what is differentiated; tfjs refuses comparisons on the way of a gradient.
 *
 * @example
 * const positive = withoutGradient(() => tf.cast(tf.greater(x, 0), 'float32'));
 */
export function withoutGradient<T extends tf.Tensor>(f: () => T): T {
  // An operation without inputs: the tape has nothing to follow, and records nothing inside of it.
  const operation = tf.customGrad<T>(() => ({ value: f(), gradFunc: () => [] }));
  return operation();
}

/**
 * The same values with the gradient stopped; a new handle on the same data, nothing is copied.
 *
 * The handle is a tensor of its own: tidied and disposed independently of `x`.
 *
 * @param x tensor of any shape and type
 * @example
 * const target = detach(tf.softmax(logits));
 */
export function detach<T extends tf.Tensor>(x: T): T {
  return withoutGradient(() => tf.clone(x));
}
