import { mapTree, type TensorTree } from '@toco/core';
import type { NetworkParams } from '@toco/network';
import type * as tf from '@tensorflow/tfjs-core';

/** The parameters with those at the given paths replaced; all others are shared. */
export function withParameters<P extends TensorTree>(
  params: NetworkParams<P>,
  given: Readonly<Record<string, tf.Tensor>>,
): NetworkParams<P> {
  return mapTree(params, (leaf, path) => given[path] ?? leaf);
}
