import * as tf from '@tensorflow/tfjs-core';

/** `tf.tidy` for results that an interface describes: the tensors in them survive, all others that `f` made don't. */
export function tidied<T extends object>(f: () => T): T {
  return tf.tidy(f as unknown as () => tf.TensorContainerObject) as unknown as T;
}
