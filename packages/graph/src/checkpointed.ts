import * as tf from '@tensorflow/tfjs-core';
import { barrier } from './barrier.js';
import { putTogether, takeApart } from './tree.js';

/**
 * `f` with gradient checkpointing: its intermediate results are not kept for the gradient but computed again when the
 * gradient gets there. Less memory for about one more forward pass; values and gradients stay the same.
 *
 * Works eagerly and in compiled steps, on any backend. Everything that gradients shall flow to must be an argument (a tensor
 * or a tree of tensors), not something that `f` sees from outside.
 *
 * @param f gives one float32 tensor, and the same each time
 * @example
 * const block = checkpointed((x: tf.Tensor3D, params: BlockParams) => apply(params, x));
 * const y = block(x, params.blocks[3]);
 */
export function checkpointed<A extends unknown[], O extends tf.Tensor>(
  f: (...inputs: A) => O,
): (...inputs: A) => O {
  return (...inputs) => {
    const { structure, leaves } = takeApart('inputs', inputs);
    const tensors = leaves as tf.Tensor[];
    const floats = tensors.flatMap((tensor, i) => (tensor.dtype === 'float32' ? [i] : []));
    const operation = tf.customGrad((...values) => {
      const save = values.at(-1) as tf.GradSaveFunc;
      save(tensors);
      const value = tf.tidy(() => f(...inputs));
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] =>
        tf.tidy(() => {
          const again = saved.map((tensor) => barrier(tensor, dy));
          const variable = floats.map((i) => again[i]!);
          return gradients(() => f(...(putTogether(structure, again) as A)), variable, dy);
        });
      return { value, gradFunc };
    });
    return operation(...floats.map((i) => tensors[i]!)) as O;
  };
}

/** dy · ∂f/∂xs on a tape of its own, which is freed at once although an outer gradient is under way. */
function gradients(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const engine = tf.engine();
  const { state } = engine;
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, { activeTape: null }); // which the engine takes for none, its types do not
  state.gradientDepth = 0;
  state.kernelDepth = 0;
  try {
    const { grads } = engine.gradients(f, xs, dy, true);
    // TensorFlow.js disposes of a gradient when it adds another to it, so each input needs one of its own.
    const seen = new Set<tf.Tensor>([dy]);
    return xs.map((x, i) => {
      const gradient = (grads[i] as tf.Tensor | null) ?? tf.zerosLike(x);
      if (seen.has(gradient)) return tf.clone(gradient);
      seen.add(gradient);
      return gradient;
    });
  } finally {
    state.activeTape = activeTape;
    state.gradientDepth = gradientDepth;
    state.kernelDepth = kernelDepth;
  }
}
