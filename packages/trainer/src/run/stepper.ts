import { compiling, flattenTree, type TensorTree } from '@toco/core';
import {
  compile,
  type CompiledStep,
  type CompileOptions,
  type Feeds,
  type Fetched,
  type Profile,
  type ProfileOptions,
  type TracedFunction,
} from '@toco/graph';
import type { NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { BatchFeed } from '../data/feed-batch.js';
import { feedTensors, uploadTree } from '../data/feed-tensors.js';
import type { Batch } from '../step/batch.js';
import { graphCompiler } from '../step/graph-compiler.js';
import { isOn, type Phase } from '../step/phase.js';
import type { TrainState } from '../step/train-state.js';
import type { TrainStep } from '../step/train-step.js';

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

/** A stepper whose step is one TensorFlow graph. */
export interface CompiledStepper<P extends TensorTree> extends Stepper<P> {
  /** Where the time of an iteration goes, measured on a copy of the state. */
  profile(feed: BatchFeed, phase: Phase, options: ProfileOptions): Promise<Profile>;
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

function disposeState(state: object, kept: object = {}): void {
  const shared = new Set(flattenTree(kept).values());
  for (const leaf of flattenTree(state).values()) if (!shared.has(leaf)) leaf.dispose();
}

/**
 * What a phase needs of a batch. Lattices come in several sizes, each of which would be another trace though nothing looks
 * at them where the regularization is off.
 */
function needed(feed: BatchFeed, phase: Phase): BatchFeed {
  if (isOn(phase, 'reg')) return feed;
  return Object.fromEntries(
    Object.entries(feed).filter(([key]) => key !== 'lattice'),
  ) as unknown as BatchFeed;
}

/** The state lives inside one TensorFlow program; a step is a single call into it. */
export async function compiledStepper<P extends TensorTree>(
  { step, state, feed, phase }: StepperInputs<P>,
  options: CompileOptions,
): Promise<CompiledStepper<P>> {
  // The compiler's types walk through trees of tensors; the tree of an unknown backbone can't be walked through.
  const compileStep = compile as unknown as (
    step: TrainStep<P>,
    example: { state: TrainState<P>; batch: BatchFeed; phase: Phase },
    options: CompileOptions,
  ) => Promise<CompiledStep<TrainState<P>, Batch, Phase, Record<string, tf.Scalar>>>;
  const compiled = await compileStep(step, { state, batch: needed(feed, phase), phase }, options);
  disposeState(state);
  const inferences = new WeakMap<object, unknown>();
  const inferenceOf = <I, O>(f: Inference<P, I, O>): TracedFunction<I, undefined, O> => {
    let traced = inferences.get(f) as TracedFunction<I, undefined, O> | undefined;
    if (!traced) {
      traced = compiled.function<I, undefined, O>((from: TrainState<P>, inputs: I) =>
        compiling(graphCompiler, () => f(from.params, inputs)),
      );
      inferences.set(f, traced);
    }
    return traced;
  };
  return {
    step: (batch, now) => compiled.run(needed(batch, now) as unknown as Feeds<Batch>, now),
    profile: (batch, now, how) => compiled.profile(needed(batch, now) as unknown as Feeds<Batch>, now, how),
    inference<I, O extends object>(f: Inference<P, I, O>) {
      const traced = inferenceOf(f);
      return (inputs: Feeds<I>) => traced.run(inputs);
    },
    async snapshot() {
      const snapshot = await compiled.state();
      return {
        state: snapshot,
        dispose: () => {
          disposeState(snapshot);
        },
      };
    },
    dispose: () => {
      compiled.dispose();
    },
  };
}

/** Every operation runs by itself, on whatever backend is active. */
export function eagerStepper<P extends TensorTree>({
  step,
  state,
}: Pick<StepperInputs<P>, 'step' | 'state'>): Stepper<P> {
  let current = state;
  return {
    async step(feed, phase) {
      const batch = feedTensors(feed);
      const { state: next, metrics } = step(current, batch, phase);
      disposeState(current, next);
      disposeState(batch);
      current = next;
      return (await fetch(metrics)) as Record<string, number>;
    },
    inference<I, O extends object>(f: Inference<P, I, O>) {
      return async (inputs: Feeds<I>) => {
        const uploaded = uploadTree(inputs as object);
        const outputs = tf.tidy(() => f(current.params, uploaded as I) as unknown as tf.TensorContainer);
        disposeState(uploaded);
        return (await fetch(outputs as object)) as Fetched<O>;
      };
    },
    snapshot: () => Promise.resolve({ state: current, dispose: () => undefined }),
    dispose: () => {
      disposeState(current);
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
