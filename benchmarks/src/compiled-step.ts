import type { VitParams } from '@toco/backbone';
import { disposeTree } from '@toco/core';
import {
  allReduce,
  type Cluster,
  compile,
  type Precision,
  type Profile,
  type ProfileOptions,
} from '@toco/graph';
import type { BackendInfo } from '@toco/runtime';
import {
  initTrainState,
  phaseAt,
  stepConfig,
  trainStep,
  trainedParameters,
  type TrainState,
  type TrainStep,
} from '@toco/method';
import { lanesOf } from '@toco/graph';
import * as tf from '@tensorflow/tfjs-core';
import type { OurOptions } from './contender.js';
import { readInputs } from './read-inputs.js';

/** The trainer's step, compiled, with the batch that it is run on. */
export interface BenchmarkStep {
  /** One iteration; resolves to its metrics. */
  run(): Promise<Readonly<Record<string, number>>>;
  /** The reduction of its gradients alone, with all processes of a cluster; resolves to their bytes. */
  reduce(): Promise<number>;
  /** Where the time of an iteration goes, measured on a copy of the state. */
  profile(options: ProfileOptions): Promise<Profile>;
  dispose(): void;
}

/** How {@link compiledStep} computes. */
export interface CompiledStepOptions extends Pick<OurOptions, 'share'> {
  readonly precision: Precision;
  readonly engine: BackendInfo;
  readonly xla?: boolean;
  readonly tf32?: boolean;
  readonly cluster?: Cluster | undefined;
}

/** Compiles the trainer's step as it is, for the batch and the weights of a file of inputs. */
export async function compiledStep(
  inputs: string,
  { precision, engine, xla = false, tf32 = false, share, cluster }: CompiledStepOptions,
): Promise<BenchmarkStep> {
  const { config, network, state: initial, feed } = readInputs(inputs, share);
  const { forward: targetForward, options } = lanesOf(engine, { xla });
  const settings = stepConfig(config.step);
  const state = initTrainState(network, initial);
  const phase = phaseAt(settings.phases, 0);
  let reduced: readonly string[] = [];
  const own = trainStep(settings, {
    network,
    targetForward,
    reduce: (grads) => {
      reduced = Object.keys(grads);
      return allReduce(grads);
    },
  });
  const step: TrainStep<VitParams> = (state, batch, phase) => {
    const { state: next, metrics } = own(state, batch, phase);
    const { gradNorm, lr, ...measured } = metrics;
    return { state: next, metrics: { ...allReduce(measured, { bucketBytes: Infinity }), gradNorm, lr } };
  };
  const compiled = await compile(
    step,
    { state, batch: feed, phase },
    { precision, xla, tensorFloat32: tf32, ...options, cluster },
  );
  disposeTree(state);
  let bytes = 0;
  // Parameters have the shapes of their gradients. What is reduced must be used, or it would not be computed.
  const reduction = compiled.function((state: TrainState<VitParams>) => {
    const parameters = trainedParameters(network, state.params);
    const alike = Object.fromEntries(reduced.map((path) => [path, parameters[path]!]));
    bytes = 4 * Object.values(alike).reduce((sum, { size }) => sum + size, 0);
    const firsts = Object.values(allReduce(alike)).map((x) => tf.slice(tf.reshape(x, [-1]), 0, 1));
    return { sum: tf.sum<tf.Scalar>(tf.concat(firsts)) };
  });
  return {
    run: () => compiled.run(feed),
    reduce: async () => {
      await reduction.run({});
      return bytes;
    },
    profile: (options) => compiled.profile(feed, phase, options),
    dispose: () => {
      compiled.dispose();
    },
  };
}
