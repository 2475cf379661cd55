import * as tf from '@tensorflow/tfjs-core';
import { isEager } from './step-compiler.js';

/** Operations of one's own that a backend may have. */
interface EagerKernels {
  /** `x·Φ(x)` */
  readonly TocoGelu: { readonly tensors: 'x'; readonly numbers: never };
  readonly TocoLayerNorm: { readonly tensors: 'x' | 'weight' | 'bias'; readonly numbers: 'epsilon' };
  /** `residual + scale·gelu(norm(x)·weightᵀ + bias)`, of which only `x` and `weight` must be given. */
  readonly TocoLinear: {
    readonly tensors: 'x' | 'weight' | 'bias' | 'scale' | 'residual' | 'normWeight' | 'normBias';
    readonly numbers: 'epsilon';
    readonly switches: 'gelu';
  };
}

type Switches<N extends keyof EagerKernels> = EagerKernels[N] extends {
  readonly switches: infer S extends string;
}
  ? Readonly<Record<S, boolean>>
  : Readonly<Record<string, never>>;

/**
 * What an operation of the active backend's own gives for tensors of float32; undefined where it has none, and where a graph is traced:
 * there a chain of operations becomes one piece anyway. `@toco/runtime` adds these operations to TensorFlow on the CPU.
 */
export function eagerKernel<T extends tf.Tensor, N extends keyof EagerKernels>(
  name: N,
  tensors: Readonly<Partial<Record<EagerKernels[N]['tensors'], tf.Tensor | undefined>>>,
  numbers: Readonly<Partial<Record<EagerKernels[N]['numbers'], number>>>,
  switches?: Switches<N>,
): T | undefined {
  if (!isEager() || (tf.getKernel(name, tf.getBackend()) as unknown) === undefined) return undefined;
  const given = Object.entries<tf.Tensor | undefined>(tensors).filter(
    (entry): entry is [string, tf.Tensor] => entry[1] !== undefined,
  );
  if (given.some(([, { dtype }]) => dtype !== 'float32')) return undefined;
  const entries = Object.entries<number | undefined>(numbers).map(
    ([key, value]) => [key, tf.scalar(value!)] as const,
  );
  const scalars = Object.fromEntries(entries);
  const output = tf.engine().runKernel(name, { ...Object.fromEntries(given), ...scalars }, switches) as T;
  tf.dispose(scalars);
  return output;
}
