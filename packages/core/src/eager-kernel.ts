import * as tf from '@tensorflow/tfjs-core';
import { isEager } from './step-compiler.js';

/** Operations of one's own that a backend may have; numbers are inputs, switches are attributes. */
interface EagerKernels {
  /** `x·Φ(x)` */
  readonly TocoGelu: { readonly tensors: 'x'; readonly settings: object };
  readonly TocoLayerNorm: {
    readonly tensors: 'x' | 'weight' | 'bias';
    readonly settings: { readonly epsilon: number };
  };
  /** `residual + scale·gelu(norm(x)·weightᵀ + bias)`, of which only `x` and `weight` must be given. */
  readonly TocoLinear: {
    readonly tensors: 'x' | 'weight' | 'bias' | 'scale' | 'residual' | 'normWeight' | 'normBias';
    readonly settings: { readonly gelu: boolean; readonly epsilon?: number };
  };
}

/**
 * What an operation of the active backend's own gives for tensors of float32; undefined where it has none, and where a graph is traced:
 * there a chain of operations becomes one piece anyway. `@toco/runtime` adds these operations to TensorFlow on the CPU.
 */
export function eagerKernel<T extends tf.Tensor, N extends keyof EagerKernels>(
  name: N,
  tensors: Readonly<Partial<Record<EagerKernels[N]['tensors'], tf.Tensor | undefined>>>,
  settings: EagerKernels[N]['settings'],
): T | undefined {
  if (!isEager() || (tf.getKernel(name, tf.getBackend()) as unknown) === undefined) return undefined;
  const inputs = Object.fromEntries(
    Object.entries<tf.Tensor | undefined>(tensors).flatMap(([key, tensor]) =>
      tensor ? [[key, tensor]] : [],
    ),
  );
  if (Object.values<tf.Tensor>(inputs).some(({ dtype }) => dtype !== 'float32')) return undefined;
  const given = Object.entries<number | boolean>(settings as Readonly<Record<string, number | boolean>>);
  const scalars = Object.fromEntries(
    given.flatMap(([key, value]) => (typeof value === 'number' ? [[key, tf.scalar(value)]] : [])),
  );
  const switches = Object.fromEntries(given.filter(([, value]) => typeof value === 'boolean'));
  const output = tf.engine().runKernel(name, { ...inputs, ...scalars }, switches) as T;
  tf.dispose(scalars);
  return output;
}
