import type * as tf from '@tensorflow/tfjs-core';
import { takeApart } from '../src/tree.js';

/** Tensors of a tree, in order. */
export function leavesOf(tree: unknown): tf.Tensor[] {
  return takeApart('tree', tree).leaves as tf.Tensor[];
}
