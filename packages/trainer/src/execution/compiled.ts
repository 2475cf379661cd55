import { type TensorTree, disposeTree } from '@toco/core';
import type { BatchFeed } from '@toco/datasets';
import { isOn, type Batch, type Phase, type TrainState } from '@toco/method';
import {
  type ProfileOptions,
  type Profile,
  type CompileOptions,
  compile,
  type TracedFunction,
  type Feeds,
} from '@toco/graph';
import type { Stepper, StepperInputs, Inference } from './eager.js';

/** A stepper whose step is one TensorFlow graph. */
export interface CompiledStepper<P extends TensorTree = TensorTree> extends Stepper<P> {
  /** Where the time of an iteration goes, measured on a copy of the state. */
  profile(feed: BatchFeed, phase: Phase, options: ProfileOptions): Promise<Profile>;
}

/**
 * What a phase needs of a batch. Lattices come in several sizes, each of which would be another trace though nothing looks
 * at them where the regularization is off.
 */
function needed(feed: BatchFeed, phase: Phase): Feeds<Batch> {
  if (isOn(phase, 'reg')) return feed;
  const { lattice, ...rest } = feed;
  return rest;
}

/** The state lives inside one TensorFlow program; a step is a single call into it. */
export async function compiledStepper<P extends TensorTree>(
  { step, state, feed, phase }: StepperInputs<P>,
  options: CompileOptions,
): Promise<CompiledStepper<P>> {
  const compiled = await compile(step, { state, batch: needed(feed, phase), phase }, options);
  disposeTree(state);
  const inferences = new WeakMap<object, unknown>();
  const inferenceOf = <I, O>(
    f: Inference<P, I, O>,
    of: (from: TrainState<P>) => TrainState<P>['params'],
  ): TracedFunction<I, undefined, O> => {
    let traced = inferences.get(f) as TracedFunction<I, undefined, O> | undefined;
    if (!traced) {
      traced = compiled.function<I, undefined, O>((from: TrainState<P>, inputs: I) => f(of(from), inputs));
      inferences.set(f, traced);
    }
    return traced;
  };
  return {
    step: (batch, now) => compiled.run(needed(batch, now), now),
    profile: (batch, now, how) => compiled.profile(needed(batch, now), now, how),
    inference<I extends object, O extends object>(
      f: Inference<P, I, O>,
      of = ({ params }: TrainState<P>) => params,
    ) {
      const traced = inferenceOf(f, of);
      return (inputs: Feeds<I>) => traced.run(inputs);
    },
    async snapshot() {
      const snapshot = await compiled.state();
      return {
        state: snapshot,
        dispose: () => {
          disposeTree(snapshot);
        },
      };
    },
    dispose: () => {
      compiled.dispose();
    },
  };
}
