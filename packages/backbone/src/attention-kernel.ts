import * as tf from '@tensorflow/tfjs-core';

/** Whether the active backend computes attention in one operation; `@toco/runtime` adds it to TensorFlow on the CPU. */
export function hasAttentionKernel(): boolean {
  // undefined where there is none, although the type does not say so
  return (tf.getKernel('TocoAttention', tf.getBackend()) as unknown) !== undefined;
}

/**
 * Attention whose scores never leave the cache.
 *
 * @param qkv `[B,T,3,heads,d]`
 * @returns `[B,T,heads,d]`, and `[B,T,heads]`: binary logarithms of the sums of exponentials, which its gradient needs
 */
export function attentionKernel(qkv: tf.Tensor): [output: tf.Tensor, logSums: tf.Tensor] {
  return tf.engine().runKernel('TocoAttention', { qkv }) as [tf.Tensor, tf.Tensor];
}

/** Gradient of `qkv` from that of the output, and from what {@link attentionKernel} took and gave. */
export function attentionGradientKernel(
  inputs: Readonly<Record<'qkv' | 'output' | 'logSums' | 'dOutput', tf.Tensor>>,
): tf.Tensor {
  return tf.engine().runKernel('TocoAttentionGrad', inputs) as tf.Tensor;
}
