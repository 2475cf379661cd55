import * as tf from '@tensorflow/tfjs-core';

/** Runs `f` with TensorFlow's kernels alone, as on machines where `@toco/runtime` adds none (GPUs, old processors). */
export async function withoutOwnKernels<T>(f: () => T | Promise<T>): Promise<T> {
  const own = tf.getKernelsForBackend('tensorflow').filter(({ kernelName }) => kernelName.startsWith('Toco'));
  for (const { kernelName } of own) tf.unregisterKernel(kernelName, 'tensorflow');
  try {
    return await f();
  } finally {
    for (const kernel of own) tf.registerKernel(kernel);
  }
}
