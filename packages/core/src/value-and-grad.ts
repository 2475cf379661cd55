import * as tf from '@tensorflow/tfjs-core';
import { detach } from './detach.js';
import { tidied } from './tidied.js';
import { flattenTree, mapTree, type TensorTree } from './tensor-tree.js';

/** What a differentiated function returns. */
export interface LossAndAux<Aux extends TensorTree> {
  /** Scalar that is differentiated. */
  readonly loss: tf.Tensor;
  /** Other results; constants to whatever is computed from them. */
  readonly aux: Aux;
}

/** Loss, other results, and the gradient of the loss with respect to every parameter. */
export interface ValueAndGrad<P extends TensorTree, Aux extends TensorTree> {
  readonly loss: tf.Scalar;
  readonly aux: Aux;
  /** The tree of the parameters; zeros where the loss does not depend on one. */
  readonly grads: P;
  /** Paths of the parameters that the loss does not depend on. */
  readonly unreached: readonly string[];
}

/**
 * A loss together with its gradient with respect to a tree of parameters.
 *
 * Everything of the forward pass is disposed except `loss` and `aux`. All else that `f` uses is a constant.
 *
 * @param f from the parameters to `{ loss, aux }`; `loss` of shape [], `aux` any tree, `{}` for none
 * @param params the tree that `f` is called with; a function written in place has its type from here
 * @throws where TensorFlow.js has no gradients: `@tensorflow/tfjs-core` alone brings none
 * @example
 * const { loss, aux, grads } = valueAndGrad(
 *   ({ weight }) => {
 *     const y = linear(x, weight);
 *     return { loss: mean(tf.square(y)), aux: { y } };
 *   },
 *   { weight },
 * ); // grads.weight has the shape of weight
 */
export function valueAndGrad<P extends TensorTree, Aux extends TensorTree>(
  f: (params: P) => LossAndAux<Aux>,
  params: P,
): ValueAndGrad<P, Aux> {
  assertGradientsRegistered();
  // The engine disposes all of the forward pass but the loss: the others are held through handles of our own.
  const held: tf.Tensor[] = [];
  const hold = (tensor: tf.Tensor): tf.Tensor => {
    const handle = tf.keep(detach(tensor));
    held.push(handle);
    return handle;
  };
  const compute = (): ValueAndGrad<P, Aux> => {
    let aux: Aux | undefined;
    const forward = (): tf.Tensor => {
      const result = f(params);
      if (result.loss.rank !== 0) {
        throw new Error(`valueAndGrad: the loss has shape [${result.loss.shape.join(',')}], expected []`);
      }
      aux = mapTree(result.aux, hold);
      return result.loss;
    };
    const leaves = [...flattenTree(params)];
    const tensors = leaves.map(([, leaf]) => leaf);
    const { value, grads } = tf.engine().gradients(forward, tensors, undefined, true);
    const own = grads as (tf.Tensor | null | undefined)[];
    const unreached = leaves.flatMap(([path], i) => (own[i] ? [] : [path]));
    let next = 0;
    const gradient = (leaf: tf.Tensor): tf.Tensor => own[next++] ?? tf.zerosLike(leaf);
    const loss = value as tf.Scalar;
    return { loss, aux: mapTree(aux!, detach), grads: mapTree(params, gradient), unreached };
  };
  try {
    return tidied(compute);
  } finally {
    held.forEach((handle) => handle.dispose());
  }
}

function assertGradientsRegistered(): void {
  if (!tf.getGradient('BatchMatMul')) {
    throw new Error(
      'valueAndGrad: this @tensorflow/tfjs-core has no gradients; await initBackend() of @toco/runtime, ' +
        "or import '@tensorflow/tfjs' (in a bundle: '@tensorflow/tfjs-core/dist/register_all_gradients.js')",
    );
  }
}
