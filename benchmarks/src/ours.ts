/** `node ours.js FILE PRECISION [THREADS]`: our side of the benchmark, a step or a measurement per line of input. */
import { createInterface } from 'node:readline';
import type { VitParams } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { compile, type CompiledStep, type Precision } from '@toco/graph';
import { initBackend } from '@toco/runtime';
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
import type { Answer, Request } from './contender.js';
import { matrixProductPeak } from './matrix-product-peak.js';
import { readInputs } from './read-inputs.js';

type State = TrainState<VitParams>;
type Compiled = CompiledStep<State, Batch, Phase, Record<string, tf.Scalar>>;

const [path, precision, threads] = process.argv.slice(2) as [string, Precision, string | undefined];
const say = (answer: Answer): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);

const engine = await initBackend({
  backend: 'tensorflow',
  print: () => undefined,
  ...(threads !== undefined && { threads: Number(threads) }),
});
const { run, dispose } = await compiledStep();
say({ version: `TensorFlow ${engine.version}`, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (request.command === 'peak') {
    say({ gflops: await matrixProductPeak(request.size, request.precision) });
  } else {
    const start = performance.now();
    const losses = await run();
    say({ milliseconds: performance.now() - start, losses });
  }
}
dispose();

/** The trainer's step as it is, compiled, with the batch it is run on. */
async function compiledStep(): Promise<{ run: () => Promise<Record<string, number>>; dispose: () => void }> {
  const { config, network, state: initial, feed } = readInputs(path);
  const settings = stepConfig(config.step);
  const state = initTrainState(network, initial);
  const phase = phaseAt(settings.phases, 0);
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
    run: () => compiled.run(feed as never) as Promise<Record<string, number>>,
    dispose: () => {
      compiled.dispose();
    },
  };
}
