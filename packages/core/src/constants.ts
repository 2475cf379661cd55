import { detach, withoutGradient } from './detach.js';
import { mapTree, type TensorTree } from './tensor-tree.js';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A tree of tensors computed as constants: nothing inside is recorded for a gradient, so that targets may be computed
 * from the forward pass in the middle of a loss function, comparisons included.
 */
export function constants<T extends TensorTree>(compute: () => T): T {
  let results: T | undefined;
  withoutGradient(() => {
    results = mapTree(compute(), (tensor) => tf.keep(detach(tensor)));
    return tf.scalar(0);
  });
  return mapTree(results!, (kept) => {
    const handle = detach(kept);
    kept.dispose();
    return handle;
  });
}
