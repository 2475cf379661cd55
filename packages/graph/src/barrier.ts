import type * as tf from '@tensorflow/tfjs-core';
import { currentTrace } from './trace.js';

/**
 * The same values as `x`, in a compiled step not before `after` has been computed.
 *
 * TensorFlow merges equal computations; what is computed from `barrier(x, after)` is never merged with what was computed
 * from `x`, so a recomputation stays one. Outside a trace it gives `x` itself.
 */
export function barrier<T extends tf.Tensor>(x: T, after: tf.Tensor | readonly tf.Tensor[]): T {
  const trace = currentTrace();
  return trace
    ? (trace.later(x, Array.isArray(after) ? (after as readonly tf.Tensor[]) : [after as tf.Tensor]) as T)
    : x;
}
