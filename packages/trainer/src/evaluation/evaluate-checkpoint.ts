import type { Backbone } from '@toco/backbone';
import { assertKeys, disposeTree } from '@toco/core';
import { type Dataset, openDataset, validationList } from '@toco/datasets';
import { compileFunction, lanesOf, oneLane } from '@toco/graph';
import { type MakeNetwork, unevenScales } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { rememberedBackbone, rememberedNetwork } from '@toco/weights';
import { asUserError } from '../config/as-user-error.js';
import { buildNetwork } from '../network/build-network.js';
import { evaluate, evaluateOptionsOf } from './evaluate.js';
import {
  type Compiler,
  type Evaluation,
  evaluationLine,
  evaluationProtocol,
  type EvaluationProtocol,
  segmenter,
  validationProtocol,
} from '@toco/segmenter';
import { makeReportFolder, type Panel } from '@toco/report';
import { evaluateWithPanels } from './exemplary-panels.js';
import { reportRun } from './report-run.js';
import { counted, printLine, UserError } from '@toco/files';
import { imagesPerPass, validationOutputs } from './validation-segmenter.js';
import { modelOfRun, type TrainedModel } from '../checkpoints/trained-model.js';

/** What {@link evaluateCheckpoint} may be told. */
export interface EvaluateCheckpointOptions {
  /** `key=value` settings over the configuration of a run. */
  readonly settings?: readonly string[] | undefined;
  /** The backbone that was trained; default: as the run remembers; it can't remember an object. */
  readonly backbone?: Backbone | undefined;
  /** Makes the network that was trained; default: as the run remembers; it can't remember a function. */
  readonly network?: MakeNetwork | undefined;
  /** A data set of one's own instead of the one that the configuration names. */
  readonly data?: Dataset | undefined;
  readonly print?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onPanel?: ((panel: Panel) => void) | undefined;
  /** Where to write a report with the best and the worst images; none by default. */
  readonly report?: string | undefined;
}

const known = Object.keys({
  ...{ settings: true, backbone: true, network: true, data: true },
  ...{ print: true, signal: true, onPanel: true, report: true },
} satisfies Record<keyof EvaluateCheckpointOptions, true>);

/**
 * Validates a trained network on the validation list of its data set, computed as its run computed (precision, fused
 * operations): in the protocol `fast` with its sizes. For another one `evaluate` takes a `segmenter` of that protocol.
 *
 * @param trained folder of a run (its newest checkpoint) or of a checkpoint, or a model from elsewhere
 * @throws one line: no checkpoint, another architecture, a network that must be given, other classes, missing images
 */
export async function evaluateCheckpoint(
  trained: string | TrainedModel,
  options: EvaluateCheckpointOptions = {},
): Promise<{ evaluation: Evaluation; classes: readonly string[]; protocol: EvaluationProtocol }> {
  asUserError(() => {
    assertKeys('evaluateCheckpoint', options, known);
  });
  const { settings = [], print = printLine, signal, onPanel } = options;
  const { report } = options;
  if (report !== undefined) await makeReportFolder(report);
  const model = typeof trained === 'string' ? await modelOfRun(trained, { settings, print }) : trained;
  const { config } = model;
  const dataset = options.data ?? (await openDataset(config));
  assertClasses(dataset, model);
  const list = validationList(await dataset.list(dataset.lists.val), print);
  const backbone = options.backbone ?? (await rememberedBackbone(config, print, model));
  const make = options.network ?? (await rememberedNetwork(config, print, model));
  const network = buildNetwork(config, { numClasses: dataset.classes.length, backbone, network: make });
  for (const note of unevenScales(config, network.backbone, ['evaluation.size'])) print(note);
  const engine = await initBackend({ ...config.engine, print });
  const compiles = config.engine.compile && engine.backend === 'tensorflow';
  const { precision, xla } = config.engine;
  const lanes = compiles ? lanesOf(engine, { xla }) : oneLane;
  const { params, teacher } = model.read(network);
  const compiler = ((pass, example) =>
    compileFunction(pass as never, example, { precision, xla, ...lanes.options })) as Compiler;
  const through = segmenter(network, params, {
    ...{
      protocol: validationProtocol(config),
      outputs: validationOutputs,
      batchSize: imagesPerPass(list, config),
    },
    ...{ forward: lanes.forward, compiler: compiles ? compiler : undefined },
  });
  try {
    const how = { ...evaluateOptionsOf(config), signal, onPanel };
    const { name, classes } = dataset;
    const described = (evaluation: Evaluation): EvaluationProtocol =>
      evaluationProtocol(config, {
        data: name,
        list: list.name,
        images: evaluation.images,
        compiled: compiles,
      });
    if (report === undefined) {
      const evaluation = await evaluate(through, list, how);
      return { evaluation, classes, protocol: described(evaluation) };
    }
    const drawn = await evaluateWithPanels(through, list, how);
    const { rows = [] } = model;
    const source = model.rows ? model.name : `--weights ${model.name}`;
    const command = `toco evaluate ${source} --report ${report}`;
    try {
      const made = described(drawn.evaluation);
      await reportRun(report, { ...drawn, config, data: name, classes, rows, command, protocol: made });
    } catch (error) {
      // A disk that is full by now costs the page, not the figures.
      print(evaluationLine(drawn.evaluation));
      throw error;
    }
    return { evaluation: drawn.evaluation, classes, protocol: described(drawn.evaluation) };
  } finally {
    through.dispose();
    disposeTree({ params, teacher });
  }
}

/** Throws unless a model knows the classes of a data set; a weight file tells only how many there are. */
function assertClasses({ name, classes: own }: Dataset, { classes, numClasses }: TrainedModel): void {
  const same = classes === undefined ? own.length === numClasses : own.join() === classes.join();
  if (same) return;
  const first = (names: readonly string[] = []): string =>
    names.length === 0 ? '' : ` (${names.slice(0, 3).join(', ')} …)`;
  throw new UserError(
    `${name}: has ${counted(own.length, 'class', 'classes')}${first(own)}, the checkpoint was trained on ${numClasses}${first(classes)}; evaluate it on the data set that it was trained on, or name all of its classes in its order in data.classes.`,
  );
}
