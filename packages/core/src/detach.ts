import { mapTree, type TensorTree } from './tensor-tree.js';
import * as tf from '@tensorflow/tfjs-core';

/**
 * What `f` computes, a tensor or a tree of them, as constants: nothing inside is recorded for a gradient.
 *
 * For masks and targets that depend on what is differentiated; tfjs refuses comparisons on the way of a gradient.
 *
 * @example
 * const positive = withoutGradient(() => tf.cast(tf.greater(x, 0), 'float32'));
 * const targets = withoutGradient(() => computeTargets(main)); // in the middle of a loss function
 */
export function withoutGradient<T extends TensorTree>(f: () => T): T {
  // An operation without inputs: the tape has nothing to follow, and records nothing inside of it.
  // It gives one tensor back, so the leaves of a tree are kept beyond its end and handed on here.
  let leaves: T | undefined;
  const operation = tf.customGrad<tf.Tensor>(() => {
    const result = f();
    if (!(result instanceof tf.Tensor)) leaves = mapTree(result, (tensor) => tf.keep(detach(tensor)));
    return { value: result instanceof tf.Tensor ? result : tf.scalar(0), gradFunc: () => [] };
  });
  const value = operation();
  if (leaves === undefined) return value as T;
  value.dispose();
  return mapTree(leaves, (kept) => {
    const handle = detach(kept);
    kept.dispose();
    return handle;
  });
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
