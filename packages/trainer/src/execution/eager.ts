import { type TensorTree, uploadTree, disposeTree } from '@toco/core';
import type { NetworkParams } from '@toco/network';
import type { BatchFeed } from '@toco/datasets';
import type { Phase, TrainState, TrainStep, Batch } from '@toco/method';
import type { Feeds, Fetched } from '@toco/graph';
import * as tf from '@tensorflow/tfjs-core';

/** A function of the network's parameters and inputs, such as an evaluation's forward pass. */
export type Inference<P extends TensorTree, Inputs, Outputs> = (
  params: NetworkParams<P>,
  inputs: Inputs,
) => Outputs;

/** Runs training steps over a state that it holds, and functions over the live parameters: compiled or eager. */
export interface Stepper<P extends TensorTree> {
  /** One iteration; resolves to its metrics. */
  step(feed: BatchFeed, phase: Phase): Promise<Record<string, number>>;
  /** Prepares a function over the live parameters; the same function is traced once, however often it is prepared. */
  inference<I, O extends object>(f: Inference<P, I, O>): (inputs: Feeds<I>) => Promise<Fetched<O>>;
  /** A snapshot of the state; the caller disposes it with {@link Snapshot.dispose}. */
  snapshot(): Promise<Snapshot<P>>;
  dispose(): void;
}

/** A state that may be read until it is disposed. */
export interface Snapshot<P extends TensorTree> {
  readonly state: TrainState<P>;
  dispose(): void;
}

/** What both steppers are made of; they take the state over. */
export interface StepperInputs<P extends TensorTree> {
  readonly step: TrainStep<P>;
  readonly state: TrainState<P>;
  readonly feed: BatchFeed;
  readonly phase: Phase;
}

/** Every operation runs by itself, on whatever backend is active. */
export function eagerStepper<P extends TensorTree>({
  step,
  state,
}: Pick<StepperInputs<P>, 'step' | 'state'>): Stepper<P> {
  let current = state;
  return {
    async step(feed, phase) {
      const batch = uploadTree<Batch>(feed);
      const { state: next, metrics } = step(current, batch, phase);
      disposeTree(current, next);
      disposeTree(batch);
      current = next;
      return (await fetch(metrics)) as Record<string, number>;
    },
    inference<I, O extends object>(f: Inference<P, I, O>) {
      return async (inputs: Feeds<I>) => {
        const uploaded = uploadTree(inputs as object);
        const outputs = tf.tidy(() => f(current.params, uploaded as I) as unknown as tf.TensorContainer);
        disposeTree(uploaded);
        return (await fetch(outputs as object)) as Fetched<O>;
      };
    },
    snapshot: () => Promise.resolve({ state: current, dispose: () => undefined }),
    dispose: () => {
      disposeTree(current);
    },
  };
}

/** Numbers for scalars, arrays for the rest; disposes the tensors. */
async function fetch(tree: object): Promise<object> {
  const entries = Object.entries(tree).map(async ([key, value]: [string, unknown]) => {
    if (!(value instanceof tf.Tensor)) return [key, await fetch(value as object)] as const;
    const { shape, dtype } = value as tf.Tensor;
    const data = await (value as tf.Tensor).data();
    value.dispose();
    return [key, shape.length === 0 ? data[0] : { data, shape, dtype }] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as object;
}
