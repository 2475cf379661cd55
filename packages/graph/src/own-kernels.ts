import * as tf from '@tensorflow/tfjs-core';

/**
 * Takes from the backend the kernels of operations that TensorFlow itself does not have (`@toco/runtime` adds some for the
 * CPU; their names begin with Toco), so that callers do without. The result puts them back.
 */
export function withoutOwnKernels(): () => void {
  const kernels = tf
    .getKernelsForBackend('tensorflow')
    .filter(({ kernelName }) => kernelName.startsWith('Toco'));
  for (const { kernelName } of kernels) tf.unregisterKernel(kernelName, 'tensorflow');
  return () => {
    for (const kernel of kernels) tf.registerKernel(kernel);
  };
}
