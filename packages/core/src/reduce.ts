import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.js';

/** Which dimensions to reduce. */
export interface ReduceOptions {
  /** Dimensions, negative ones counted from the end; all by default. */
  readonly axis?: number | readonly number[] | undefined;
  /** Keep the reduced dimensions with size 1. */
  readonly keepDims?: boolean | undefined;
}

/**
 * Sum over dimensions; unlike `tf.sum` its gradient uploads no tensor of ones of the size of `x`.
 *
 * @param x any shape
 * @example
 * const perImage = sum(losses, { axis: [1, 2] }); // [B,h,w] → [B]
 */
export function sum(x: tf.Tensor, options: ReduceOptions = {}): tf.Tensor {
  return reduce(x, options, false);
}

/**
 * Mean over dimensions; unlike `tf.mean` its gradient uploads no tensor of ones of the size of `x`.
 *
 * @param x any shape
 * @example
 * const loss = mean(losses); // any shape → []
 */
export function mean(x: tf.Tensor, options: ReduceOptions = {}): tf.Tensor {
  return reduce(x, options, true);
}

function reduce(x: tf.Tensor, { axis, keepDims = false }: ReduceOptions, average: boolean): tf.Tensor {
  const axes = tf.util.parseAxisParam((axis ?? null) as number[], x.shape);
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const count = axes.reduce((product, i) => product * x.shape[i]!, 1);
  const shape = x.shape;
  return customGradient(
    [x],
    () => (average ? tf.mean(x, axes, keepDims) : tf.sum(x, axes, keepDims)),
    (dy) => {
      const each = average ? tf.div(dy, count) : dy;
      return [tf.broadcastTo(tf.reshape(each, kept), shape)];
    },
  );
}
