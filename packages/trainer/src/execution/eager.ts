import { disposeTree, tidied, uploadTree, type TensorTree } from '@toco/core';
import type { NetworkParams } from '@toco/network';
import type { BatchFeed } from '@toco/datasets';
import type { Batch, Phase, StepMetrics, TrainState, TrainStep } from '@toco/method';
import type { Feeds, Fetched } from '@toco/graph';
import * as tf from '@tensorflow/tfjs-core';

/** A function of the network's parameters and inputs, such as an evaluation's forward pass. */
export type Inference<P extends TensorTree, Inputs, Outputs> = (
  params: NetworkParams<P>,
  inputs: Inputs,
) => Outputs;

/** Runs training steps over a state that it holds, and functions over the live parameters: compiled or eager. */
export interface Stepper<P extends TensorTree = TensorTree> {
  /** One iteration; resolves to its metrics. */
  step(feed: BatchFeed, phase: Phase): Promise<Fetched<StepMetrics>>;
  /** Prepares a function over the live parameters; the same function is traced once, however often it is prepared. */
  inference<I extends object, O extends object>(
    f: Inference<P, I, O>,
    /** Which parameters those of the moment are, such as an average's; default: those that are trained. */
    of?: (state: TrainState<P>) => NetworkParams<P>,
  ): (inputs: Feeds<I>) => Promise<Fetched<O>>;
  /** A snapshot of the state; the caller disposes it with {@link Snapshot.dispose}. */
  snapshot(): Promise<Snapshot<P>>;
  dispose(): void;
}

/** A state that may be read until it is disposed. */
export interface Snapshot<P extends TensorTree = TensorTree> {
  readonly state: TrainState<P>;
  dispose(): void;
}

/** What both steppers are made of; they take the state over. */
export interface StepperInputs<P extends TensorTree = TensorTree> {
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
      return fetch(metrics);
    },
    inference: (f, of = ({ params }) => params) => eagerInference(() => of(current), f),
    snapshot: () => Promise.resolve({ state: current, dispose: () => undefined }),
    dispose: () => {
      disposeTree(current);
    },
  };
}

/** A function over the parameters of the moment, each operation by itself. */
export function eagerInference<P extends TensorTree, I extends object, O extends object>(
  params: () => NetworkParams<P>,
  f: Inference<P, I, O>,
): (inputs: Feeds<I>) => Promise<Fetched<O>> {
  return async (inputs) => {
    const uploaded = uploadTree<I>(inputs);
    const outputs = tidied(() => f(params(), uploaded));
    disposeTree(uploaded);
    return fetch(outputs);
  };
}

/** Numbers for scalars, arrays for the rest; disposes the tensors. */
async function fetch<T extends object>(tree: T): Promise<Fetched<T>> {
  const entries = Object.entries(tree).map(async ([key, value]: [string, unknown]) => {
    if (!(value instanceof tf.Tensor)) return [key, await fetch(value as object)] as const;
    const { shape, dtype } = value as tf.Tensor;
    const data = await (value as tf.Tensor).data();
    value.dispose();
    return [key, shape.length === 0 ? data[0] : { data, shape, dtype }] as const;
  });
  // the entries of the tree, each fetched: what the type says
  return Object.fromEntries(await Promise.all(entries)) as Fetched<T>;
}
