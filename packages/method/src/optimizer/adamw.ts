import { fuse } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterGroup } from './parameter-groups.js';

/** Constants of {@link adamW}. */
export interface AdamWOptions {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}

/** First and second moments of every trained parameter, by path. */
export interface AdamWState {
  readonly m: Record<string, tf.Tensor>;
  readonly v: Record<string, tf.Tensor>;
}

/** What one update needs besides the parameters and their gradients. */
export interface AdamWUpdate {
  readonly state: AdamWState;
  /** Scalar int32: updates made so far. */
  readonly step: tf.Scalar;
  /** Scalar float32: learning rate of this iteration. */
  readonly lr: tf.Scalar;
  /** Group of each path. */
  readonly groups: ReadonlyMap<string, ParameterGroup>;
  readonly options: AdamWOptions;
}

/** Moments of zero for the given parameters. */
export function initAdamW(parameters: Record<string, tf.Tensor>): AdamWState {
  const zeros = (): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(parameters).map(([path, { shape }]) => [path, tf.zeros(shape)]));
  return { m: zeros(), v: zeros() };
}

/**
 * One update of AdamW (Loshchilov and Hutter, 2019, decoupled weight decay):
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
 * θ ← θ(1 − lr·λ) − lr · (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε), t = step + 1.
 *
 * @param parameters trained parameters by path
 * @param grads gradients by path, of the same shapes
 * @returns new parameters and moments; nothing given is disposed
 */
export function adamW(
  parameters: Record<string, tf.Tensor>,
  grads: Record<string, tf.Tensor>,
  { state, step, lr, groups, options }: AdamWUpdate,
): { parameters: Record<string, tf.Tensor>; state: AdamWState } {
  const { betas, epsilon } = options;
  const [beta1, beta2] = betas;
  return tf.tidy(() => {
    const t = tf.add(tf.cast(step, 'float32'), 1);
    // 1 − βᵗ = −expm1(t·ln β): the plain form loses 4 digits in 32-bit floats while t is small
    const correction1 = tf.neg(tf.expm1(tf.mul(t, Math.log(beta1))));
    const correction2Root = tf.sqrt(tf.neg(tf.expm1(tf.mul(t, Math.log(beta2)))));
    // θ − (lr/c₁)·m / (√v/√c₂ + ε) = θ − (lr·√c₂/c₁)·m / (√v + ε·√c₂): one division of large tensors, not three
    const rate = tf.div(tf.mul(lr, correction2Root), correction1);
    const scaledEpsilon = tf.mul(correction2Root, epsilon);
    const next = {
      parameters: {} as Record<string, tf.Tensor>,
      m: {} as Record<string, tf.Tensor>,
      v: {} as Record<string, tf.Tensor>,
    };
    const perGroup = new Map(
      [...new Set(groups.values())].map((group) => [
        group,
        { rate: tf.mul(rate, group.lrScale), keep: tf.sub(1, tf.mul(lr, group.lrScale * group.weightDecay)) },
      ]),
    );
    // One function per parameter: those of equal shape share one compilation, and TensorFlow runs several side by side.
    const updateOne = fuse((tensors: OneParameter, scalars: Scalars) => updated(tensors, scalars, betas));
    for (const [path, parameter] of Object.entries(parameters)) {
      const gradient = grads[path];
      const group = groups.get(path);
      const m = state.m[path];
      const v = state.v[path];
      if (!gradient || !group || !m || !v)
        throw new Error(`Parameter ${path} has no gradient, group or moments.`);
      const { rate: groupRate, keep } = perGroup.get(group)!;
      const updated = updateOne({ parameter, gradient, m, v }, { rate: groupRate, keep, scaledEpsilon });
      next.m[path] = updated.m;
      next.v[path] = updated.v;
      next.parameters[path] = updated.parameter;
    }
    return {
      parameters: next.parameters,
      state: { m: next.m, v: next.v },
    };
  });
}

interface OneParameter {
  readonly parameter: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
}

interface Scalars {
  readonly rate: tf.Tensor;
  readonly keep: tf.Tensor;
  readonly scaledEpsilon: tf.Tensor;
}

function updated(
  { parameter, gradient, m, v }: OneParameter,
  { rate, keep, scaledEpsilon }: Scalars,
  [beta1, beta2]: AdamWOptions['betas'],
): Omit<OneParameter, 'gradient'> {
  const m1 = tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1));
  const v1 = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  return {
    m: m1,
    v: v1,
    parameter: tf.sub(tf.mul(parameter, keep), tf.mul(rate, tf.div(m1, tf.add(tf.sqrt(v1), scaledEpsilon)))),
  };
}
