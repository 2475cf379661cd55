import type * as tf from '@tensorflow/tfjs-core';
import { currentTrace } from './trace.js';
import { type Structure, putTogether, takeApart } from './tree.js';

/**
 * `f` compiled by XLA as one piece of a compiled step: its element-by-element operations become one pass over memory, while
 * products outside stay TensorFlow's own. For optimizers and long chains of small operations; the first run takes longer.
 *
 * All tensors that `f` uses must be arguments (tensors or trees of them). Under a gradient it is refused, since the gradient
 * would look inside: call it within `tf.customGrad`. Outside a trace it is `f` itself.
 *
 * @example
 * const update = fused((params: Params, moments: Moments, grads: Params) => adamw(params, moments, grads));
 */
export function fused<A extends unknown[], R>(f: (...inputs: A) => R): (...inputs: A) => R {
  return (...inputs) => {
    const trace = currentTrace();
    if (!trace || trace.isNested) return f(...inputs);
    const { structure, leaves } = takeApart('inputs', inputs);
    let result: Structure | undefined;
    const outputs = trace.nested(leaves as tf.Tensor[], (tensors) => {
      const returned = takeApart('result', f(...(putTogether(structure, tensors) as A)));
      result = returned.structure;
      return returned.leaves as tf.Tensor[];
    });
    return putTogether(result!, outputs) as R;
  };
}
