import type { Backbone } from '@toco/backbone';
import { compiling, disposeTree, type TensorTree } from '@toco/core';
import { type Dataset, openDataset, validationList } from '@toco/datasets';
import {
  type CompiledFunction,
  compileFunction,
  type CompileOptions,
  type Feeds,
  graphCompiler,
  lanesOf,
  oneLane,
} from '@toco/graph';
import { type NetworkParams, unevenScales } from '@toco/network';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { rememberedBackbone } from '@toco/weights';
import { buildNetwork } from '../network/build-network.js';
import { evaluate, type RunForward } from './evaluate.js';
import {
  type Evaluation,
  evaluationForward,
  type EvaluationInputs,
  evaluationLine,
  type EvaluationOutputs,
  evaluationProtocol,
  type EvaluationProtocol,
} from '@toco/segmenter';
import { makeReportFolder, type Panel } from '@toco/report';
import { evaluateWithPanels } from './exemplary-panels.js';
import { reportRun } from './report-run.js';
import { createProgress, printLine } from '@toco/files';
import { eagerStepper } from '../execution/eager.js';
import { modelOfRun, type TrainedModel } from '../checkpoints/trained-model.js';

/** What {@link evaluateCheckpoint} may be told. */
export interface EvaluateCheckpointOptions<P extends TensorTree> {
  /** `key=value` settings over the configuration of a run. */
  readonly settings?: readonly string[];
  readonly backbone?: Backbone<P>;
  readonly print?: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly onPanel?: (panel: Panel) => void;
  /** Where to write a report with the best and the worst images; none by default. */
  readonly report?: string;
}

/**
 * Validates a trained network on the validation list of its data set, computed as its run computed (precision, fused
 * operations).
 *
 * @param trained folder of a run (its newest checkpoint) or of a checkpoint, or a model from elsewhere
 * @throws one line: no checkpoint, another architecture, other classes, missing images
 */
export async function evaluateCheckpoint<P extends TensorTree>(
  trained: string | TrainedModel,
  options: EvaluateCheckpointOptions<P> = {},
): Promise<{ evaluation: Evaluation; classes: readonly string[]; protocol: EvaluationProtocol }> {
  const { settings = [], print = printLine, signal, onPanel } = options;
  const { report } = options;
  if (report !== undefined) await makeReportFolder(report);
  const model = typeof trained === 'string' ? await modelOfRun(trained, { settings, print }) : trained;
  const { config } = model;
  const dataset = await openDataset(config);
  assertClasses(dataset, model);
  const list = validationList(await dataset.list(dataset.lists.val), print);
  const backbone = options.backbone ?? ((await rememberedBackbone(config, print)) as Backbone<P> | undefined);
  const network = buildNetwork(config, { numClasses: dataset.classes.length, backbone });
  for (const note of unevenScales(config, network.backbone, ['evaluation.size'])) print(note);
  const engine = await initBackend({ ...config.engine, print });
  const compiles = config.engine.compile && engine.backend === 'tensorflow';
  const { precision, xla } = config.engine;
  const lanes = compiles ? lanesOf(engine, { xla }) : oneLane;
  const { params, teacher } = model.read(network);
  const { mean, std } = network.backbone;
  const forward = evaluationForward(network, { ...config.cam, forward: lanes.forward });
  type Compiled = CompiledFunction<NetworkParams<P>, EvaluationInputs, EvaluationOutputs, undefined>;
  let compiled: Compiled | undefined;

  const state = { step: tf.scalar(0, 'int32'), params, teacher, optimizer: { m: {}, v: {} } };
  const eager = eagerStepper<P>({ state } as Parameters<typeof eagerStepper<P>>[0]).inference(forward);
  // As in the compiled stepper: the types can't walk through the tree of an unknown backbone.
  // What a run compiles for its own validations: the same precision, the same fused operations.
  const asInTraining: typeof forward = (...args) => compiling(graphCompiler, () => forward(...args));
  const compileForward = compileFunction as unknown as (
    f: typeof forward,
    example: object,
    options: CompileOptions,
  ) => Promise<Compiled>;
  const compileOnce = async (inputs: object): Promise<Compiled> =>
    (compiled ??= await compileForward(
      asInTraining,
      { params, inputs },
      { precision, xla, ...lanes.options },
    ));
  const run = (
    compiles ? async (inputs: Feeds<EvaluationInputs>) => (await compileOnce(inputs)).run(inputs) : eager
  ) as RunForward;
  try {
    const how = {
      ...config.evaluation,
      mean,
      std,
      workers: config.data.workers,
      progress: createProgress('validate'),
      signal,
      onPanel,
    };
    const { name, classes } = dataset;
    const described = (evaluation: Evaluation): EvaluationProtocol =>
      evaluationProtocol(config, {
        data: name,
        list: list.name,
        images: evaluation.images,
        compiled: compiles,
      });
    if (report === undefined) {
      const evaluation = await evaluate(run, list, how);
      return { evaluation, classes, protocol: described(evaluation) };
    }
    const drawn = await evaluateWithPanels(run, list, how);
    const { rows = [] } = model;
    const source = model.rows ? model.name : `--weights ${model.name}`;
    const command = `toco evaluate ${source} --report ${report}`;
    try {
      await reportRun(report, { ...drawn, config, data: name, classes, rows, command });
    } catch (error) {
      // A disk that is full by now costs the page, not the figures.
      print(evaluationLine(drawn.evaluation));
      throw error;
    }
    return { evaluation: drawn.evaluation, classes, protocol: described(drawn.evaluation) };
  } finally {
    compiled?.dispose();
    disposeTree(state);
  }
}

/** Throws unless a model knows the classes of a data set; a weight file tells only how many there are. */
function assertClasses({ name, classes: own }: Dataset, { classes, numClasses }: TrainedModel): void {
  const same = classes === undefined ? own.length === numClasses : own.join() === classes.join();
  if (same) return;
  const first = (names: readonly string[] = []): string =>
    names.length === 0 ? '' : ` (${names.slice(0, 3).join(', ')} …)`;
  throw new Error(
    `${name}: has ${own.length} classes${first(own)}, the checkpoint was trained on ${numClasses}${first(classes)}.`,
  );
}
