import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, mapTree, valueAndGrad, type TensorTree } from '@toco/core';

/** Bounds of {@link checkSlopes}. */
interface SlopeOptions {
  /** Paths whose gradient has to be zero, as they are not trained. */
  readonly constant?: readonly string[];
  /** Step of the central difference, relative to the direction's length. */
  readonly step: number;
  /** Largest |difference quotient − gradient · direction| / |gradient|, for directions of length 1. */
  readonly tolerance: number;
}

/**
 * For every parameter of a tree: the slope of `loss` along a random direction in that parameter alone, by central difference
 * and by gradient.
 *
 * @returns largest error found, relative to the length of the parameter's gradient
 */
export async function checkSlopes<P extends TensorTree>(
  loss: (params: P) => tf.Scalar,
  params: P,
  { constant = [], step, tolerance }: SlopeOptions,
): Promise<number> {
  const { grads } = valueAndGrad((p: P) => ({ loss: loss(p), aux: {} }))(params);
  const gradients = flattenTree(grads);
  let worst = 0;
  let seed = 1;
  for (const [path, gradient] of gradients) {
    const length = (await tf.norm(gradient).data())[0]!;
    if (constant.includes(path)) {
      if (length !== 0) throw new Error(`${path}: gradient of length ${length}, expected none`);
      continue;
    }
    if (!(length > 0)) throw new Error(`${path}: gradient of length ${length}`);
    // Half of the direction lies along the gradient: a purely random one is nearly at right angles to it.
    const random = tf.randomNormal(gradient.shape, 0, 1, 'float32', seed++);
    const direction = tf.add(tf.div(random, tf.norm(random)), tf.div(gradient, length));
    const unit = tf.div(direction, tf.norm(direction));
    const at = (distance: number): tf.Scalar =>
      tf.tidy(() =>
        loss(mapTree(params, (leaf, name) => (name === path ? tf.add(leaf, tf.mul(unit, distance)) : leaf))),
      );
    const [above] = await at(step).data();
    const [below] = await at(-step).data();
    const [slope] = await tf.sum(tf.mul(gradient, unit)).data();
    const error = Math.abs((above! - below!) / (2 * step) - slope!) / length;
    worst = Math.max(worst, error);
    if (!(error <= tolerance))
      throw new Error(`${path}: error ${error} is beyond ${tolerance} (slope ${slope})`);
  }
  return worst;
}
