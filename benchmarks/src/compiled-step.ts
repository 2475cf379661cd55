import type { VitParams } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { compile, type CompiledStep, type Precision, type Profile, type ProfileOptions } from '@toco/graph';
import {
  initTrainState,
  phaseAt,
  stepConfig,
  trainStep,
  type Batch,
  type BatchFeed,
  type Phase,
  type TrainState,
} from '@toco/trainer';
import type * as tf from '@tensorflow/tfjs-core';
import { readInputs } from './read-inputs.js';

type State = TrainState<VitParams>;
type Compiled = CompiledStep<State, Batch, Phase, Record<string, tf.Scalar>>;

/** The trainer's step, compiled, with the batch that it is run on. */
export interface BenchmarkStep {
  /** One iteration; resolves to its metrics. */
  run(): Promise<Readonly<Record<string, number>>>;
  /** Where the time of an iteration goes, measured on a copy of the state. */
  profile(options: ProfileOptions): Promise<Profile>;
  dispose(): void;
}

/** Compiles the trainer's step as it is, for the batch and the weights of a file of inputs. */
export async function compiledStep(inputs: string, precision: Precision): Promise<BenchmarkStep> {
  const { config, network, state: initial, feed } = readInputs(inputs);
  const settings = stepConfig(config.step);
  const state = initTrainState(network, initial);
  const phase = phaseAt(settings.phases, 0);
  // The compiler's types walk through trees of tensors; a feed holds arrays in their places.
  const compileStep = compile as unknown as (
    step: unknown,
    example: { state: State; batch: BatchFeed; phase: Phase },
    options: { precision: Precision },
  ) => Promise<Compiled>;
  const compiled = await compileStep(
    trainStep(settings, { network }),
    { state, batch: feed, phase },
    { precision },
  );
  for (const leaf of flattenTree(state).values()) leaf.dispose();
  return {
    run: () => compiled.run(feed as never),
    profile: (options) => compiled.profile(feed as never, phase, options),
    dispose: () => {
      compiled.dispose();
    },
  };
}
