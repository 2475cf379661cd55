import { disposeTree } from '@toco/core';
import { compile, type Precision, type Profile, type ProfileOptions } from '@toco/graph';
import type { BackendInfo } from '@toco/runtime';
import { initTrainState, phaseAt, stepConfig, trainStep } from '@toco/method';
import { lanesOf } from '@toco/graph';
import { readInputs } from './read-inputs.js';

/** The trainer's step, compiled, with the batch that it is run on. */
export interface BenchmarkStep {
  /** One iteration; resolves to its metrics. */
  run(): Promise<Readonly<Record<string, number>>>;
  /** Where the time of an iteration goes, measured on a copy of the state. */
  profile(options: ProfileOptions): Promise<Profile>;
  dispose(): void;
}

/** Compiles the trainer's step as it is, for the batch and the weights of a file of inputs. */
export async function compiledStep(
  inputs: string,
  {
    precision,
    engine,
    xla = false,
    tf32 = false,
  }: { precision: Precision; engine: BackendInfo; xla?: boolean; tf32?: boolean },
): Promise<BenchmarkStep> {
  const { config, network, state: initial, feed } = readInputs(inputs);
  const { forward: targetForward, options } = lanesOf(engine, { xla });
  const settings = stepConfig(config.step);
  const state = initTrainState(network, initial);
  const phase = phaseAt(settings.phases, 0);
  const step = trainStep(settings, { network, targetForward });
  const compiled = await compile(
    step,
    { state, batch: feed, phase },
    { precision, xla, tensorFloat32: tf32, ...options },
  );
  disposeTree(state);
  return {
    run: () => compiled.run(feed),
    profile: (options) => compiled.profile(feed, phase, options),
    dispose: () => {
      compiled.dispose();
    },
  };
}
