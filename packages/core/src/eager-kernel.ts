import * as tf from '@tensorflow/tfjs-core';
import { isEager } from './step-compiler.js';

/** Operations of one's own that a backend may have. */
interface EagerKernels {
  /** `x·Φ(x)` */
  readonly TocoGelu: { readonly tensors: 'x'; readonly numbers: never };
  readonly TocoLayerNorm: { readonly tensors: 'x' | 'weight' | 'bias'; readonly numbers: 'epsilon' };
}

/**
 * What an operation of the active backend's own gives for tensors of float32; undefined where it has none, and where a graph is traced:
 * there a chain of operations becomes one piece anyway. `@toco/runtime` adds these operations to TensorFlow on the CPU.
 */
export function eagerKernel<T extends tf.Tensor, N extends keyof EagerKernels>(
  name: N,
  tensors: Readonly<Record<EagerKernels[N]['tensors'], tf.Tensor>>,
  numbers: Readonly<Record<EagerKernels[N]['numbers'], number>>,
): T | undefined {
  if (!isEager() || (tf.getKernel(name, tf.getBackend()) as unknown) === undefined) return undefined;
  if (Object.values<tf.Tensor>(tensors).some(({ dtype }) => dtype !== 'float32')) return undefined;
  const entries = Object.entries<number>(numbers).map(([key, value]) => [key, tf.scalar(value)] as const);
  const scalars = Object.fromEntries(entries);
  const output = tf.engine().runKernel(name, { ...tensors, ...scalars }) as T;
  tf.dispose(scalars);
  return output;
}
