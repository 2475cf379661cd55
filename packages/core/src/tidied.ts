import * as tf from '@tensorflow/tfjs-core';

/** `tf.tidy` for results that an interface describes: the tensors in them survive, all others that `f` made don't. */
export function tidied<T extends object>(f: () => T): T {
  // its types know records of tensors, but no interface, which has no index signature
  return tf.tidy(f as () => T & tf.TensorContainerObject);
}
