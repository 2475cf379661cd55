import type { Backbone } from '@toco/backbone';
import { flattenTree, type TensorTree } from '@toco/core';
import { compileFunction, type CompiledFunction, type Feeds } from '@toco/graph';
import type { NetworkParams } from '@toco/network';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { applySetting } from '../config/load-config.js';
import { parseConfig } from '../config/parse-config.js';
import { openDataset } from '../data/open-dataset.js';
import { buildNetwork } from '../network/build-network.js';
import { evaluate, type Evaluation, type Panel, type RunForward } from '../evaluation/evaluate.js';
import {
  evaluationForward,
  type EvaluationInputs,
  type EvaluationOutputs,
} from '../evaluation/evaluation-forward.js';
import { readCheckpointInfo, readModel, resolveCheckpoint } from './checkpoint.js';
import { createProgress } from './progress.js';
import { eagerStepper } from './stepper.js';

/** What {@link evaluateCheckpoint} may be told. */
export interface EvaluateCheckpointOptions<P extends TensorTree> {
  /** `key=value` settings over the run's configuration. */
  readonly settings?: readonly string[];
  readonly backbone?: Backbone<P>;
  readonly print?: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly onPanel?: (panel: Panel) => void;
}

/**
 * Validates a checkpoint on the validation list of its data set.
 *
 * @param path folder of a run (its newest checkpoint) or of a checkpoint
 * @throws one line: no checkpoint, another architecture, other classes, missing images or masks
 */
export async function evaluateCheckpoint<P extends TensorTree>(
  path: string,
  options: EvaluateCheckpointOptions<P> = {},
): Promise<{ evaluation: Evaluation; classes: readonly string[] }> {
  const { settings = [], print = (line) => process.stderr.write(`${line}\n`), signal, onPanel } = options;
  const folder = await resolveCheckpoint(path);
  const info = await readCheckpointInfo(folder);
  const data: Record<string, unknown> = structuredClone(info.config);
  for (const setting of settings) applySetting(data, setting);
  const config = parseConfig(data, `${folder} with --set`);
  const dataset = await openDataset(config);
  if (dataset.classes.join() !== info.classes.join()) {
    throw new Error(
      `${dataset.name}: has ${dataset.classes.length} classes (${dataset.classes.slice(0, 3).join(', ')} …), the checkpoint was trained on ${info.classes.length} (${info.classes.slice(0, 3).join(', ')} …).`,
    );
  }
  const list = await dataset.list(dataset.lists.val);
  const network = buildNetwork(config, { numClasses: dataset.classes.length, backbone: options.backbone });
  const { backend } = await initBackend({ ...config.engine, print });
  const { params, teacher } = readModel(folder, network);
  const { mean, std } = network.backbone;
  const forward = evaluationForward(network, config.cam);
  type Compiled = CompiledFunction<NetworkParams<P>, EvaluationInputs, EvaluationOutputs, undefined>;
  let compiled: Compiled | undefined;

  const state = { step: tf.scalar(0, 'int32'), params, teacher, optimizer: { m: {}, v: {} } };
  const eager = eagerStepper<P>({ state } as Parameters<typeof eagerStepper<P>>[0]).inference(forward);
  // As in the compiled stepper: the types can't walk through the tree of an unknown backbone.
  const compileForward = compileFunction as unknown as (
    f: typeof forward,
    example: object,
  ) => Promise<Compiled>;
  const compileOnce = async (inputs: object): Promise<Compiled> =>
    (compiled ??= await compileForward(forward, { params, inputs }));
  const run = (
    backend === 'tensorflow' && config.engine.compile
      ? async (inputs: Feeds<EvaluationInputs>) => (await compileOnce(inputs)).run(inputs)
      : eager
  ) as RunForward;
  try {
    const evaluation = await evaluate(run, list, {
      ...config.evaluation,
      mean,
      std,
      workers: config.data.workers,
      progress: createProgress('validate'),
      signal,
      onPanel,
    });
    return { evaluation, classes: dataset.classes };
  } finally {
    compiled?.dispose();
    for (const leaf of flattenTree(state).values()) leaf.dispose();
  }
}
