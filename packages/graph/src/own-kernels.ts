import * as tf from '@tensorflow/tfjs-core';
import { type Attribute } from './attribute.js';

const isOwn = (op: string): boolean => op.startsWith('Toco');

/**
 * Takes from the backend the kernels of operations that TensorFlow itself does not have (`@toco/runtime` adds some for the
 * CPU; their names begin with Toco), so that callers do without. The result puts them back.
 */
export function withoutOwnKernels(): () => void {
  const kernels = tf.getKernelsForBackend('tensorflow').filter(({ kernelName }) => isOwn(kernelName));
  for (const { kernelName } of kernels) tf.unregisterKernel(kernelName, 'tensorflow');
  return () => {
    for (const kernel of kernels) tf.registerKernel(kernel);
  };
}

/** The attributes of an operation that keeps to so many threads; those of TensorFlow itself share its own. */
export function onThreads(
  threads: number,
  op: string,
  attributes: readonly Attribute[],
): readonly Attribute[] {
  if (!isOwn(op)) return attributes;
  return attributes.map((attribute) =>
    attribute.name === 'threads' ? { ...attribute, value: threads } : attribute,
  );
}
