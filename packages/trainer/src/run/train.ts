import { existsSync } from 'node:fs';
import type { Backbone } from '@toco/backbone';
import type { TensorTree } from '@toco/core';
import type { Dataset } from '@toco/datasets';
import type { Config } from '../config/config.js';
import { evaluate, type Evaluation, type Panel } from '../evaluation/evaluate.js';
import { evaluationForward } from '../evaluation/evaluation-forward.js';
import { validationList } from '../evaluation/validation-list.js';
import { evaluateWithPanels } from '../report/exemplary-panels.js';
import { reportRun } from '../report/report-run.js';
import { phaseAt } from '../step/phase.js';
import { pruneCheckpoints, readCheckpointInfo, resolveCheckpoint, writeCheckpoint } from './checkpoint.js';
import { appendMetrics, readMetrics, repairMetrics, type MetricsRow } from './metrics-log.js';
import { metricsWindow } from './metrics-window.js';
import { createProgress } from './progress.js';
import { createRunFolder, removeUnfinished, runFiles } from './run-folder.js';
import { compiledStepper, eagerStepper, type Stepper } from './stepper.js';
import { tensorBoardWriter } from './tensorboard.js';
import { trainingPace } from './training-pace.js';
import { batchesOf, trainingSource, trainingStart } from './training-setup.js';

/** Objects and switches beside the configuration. */
export interface TrainOptions<P extends TensorTree> {
  /** Folder of the run: checkpoints, metrics, events. */
  readonly folder: string;
  /** A backbone of one's own instead of the named one. */
  readonly backbone?: Backbone<P>;
  /** A data set of one's own instead of the named one. */
  readonly data?: Dataset;
  /** Goes on from the newest checkpoint of the folder. */
  readonly resume?: boolean;
  /** Ends the run after the iteration in hand, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Takes what is said about the run, a line at a time; default: the error stream. */
  readonly print?: (line: string) => void;
  /** Called with every image of the last validation; for reports of one's own. */
  readonly onPanel?: (panel: Panel) => void;
  /** Whether the folder gets a `report.html` at the end, with best and worst images and curves; default: true. */
  readonly report?: boolean;
}

/** How a run ended. */
export interface TrainResult {
  /** Iterations done, those before a resume included. */
  readonly iterations: number;
  readonly interrupted: boolean;
  /** Figures of the last validation; none without masks. */
  readonly evaluation?: Evaluation;
  /** Folder of the newest checkpoint. */
  readonly checkpoint: string;
  /** Path of the report, where one was written. */
  readonly report?: string;
}

/**
 * Trains ToCo: from a configuration and a folder of photographs with image-level labels to a segmentation network.
 *
 * Everything is written below `folder`. The run can be interrupted at any moment: with `resume` it goes on from the newest
 * checkpoint, with the same batches as if it had never stopped.
 *
 * @throws one line for what is wrong in configuration, data or files; where a loss is no number, the iteration
 * @example
 * await train(await loadConfig('voc.yaml'), { folder: 'runs/voc', data: voc('VOCdevkit/VOC2012') });
 */
export async function train<P extends TensorTree = TensorTree>(
  config: Config,
  options: TrainOptions<P>,
): Promise<TrainResult> {
  const { folder, resume = false, signal, print = (line) => process.stderr.write(`${line}\n`) } = options;
  const source = await trainingSource(config, options);
  const { data, network, images, settings } = source;
  const { mean, std } = network.backbone;
  const valList = validationList(await data.list(data.lists.val), print);

  const { state, step, targetForward, compiled, ...started } = await trainingStart(config, source, {
    folder,
    resume,
    print,
  });
  const start = started.iteration;
  const total = config.run.stopAfter ?? config.optimizer.iterations;
  if (!resume) await createRunFolder(folder, config);
  const files = runFiles(folder);
  let checkpoint = resume ? await resolveCheckpoint(folder) : '';
  const window = metricsWindow(resume ? (await readCheckpointInfo(checkpoint)).window : undefined);
  // Beyond the checkpoint rows are written again, and so is one that a run which ended here wrote before it was complete.
  const isKept = ({ kind, iteration }: MetricsRow): boolean =>
    iteration < start ||
    (iteration === start && (kind === 'evaluation' || start === total || window.isEmpty()));
  if (resume) await removeUnfinished(folder);
  const rows = resume ? await repairMetrics(files.metrics, isKept, print) : [];
  const isDue = (iteration: number): boolean =>
    iteration > 0 && (iteration === total || iteration % config.evaluation.every === 0);
  const isWritten = rows.some((row) => row.kind === 'evaluation' && row.iteration === start);
  const lacksReport = start === total && options.report !== false && !existsSync(files.report);
  // A validation or a report that an interruption kept from its end is made up for.
  let owed = resume && valList !== undefined && isDue(start) && (!isWritten || lacksReport);

  // What is owed after the last iteration is compiled for the batch of that iteration, which is not trained on again.
  const startIteration = owed ? Math.min(start, total - 1) : start;
  const batches = batchesOf(config, source, { startIteration, endIteration: total });
  print(
    `Training ${network.backbone.name} on ${data.name}: ${images.length} images, ${data.classes.length} classes, iterations ${start}–${total}, batches of ${config.batchSize}, ${compiled ? `compiled (${config.engine.precision})` : 'eager'}.`,
  );
  const board = await tensorBoardWriter(folder, rows);
  const progress = createProgress('train', { givesLeft: true });
  const evaluateEvery = valList && config.evaluation.every;
  const pace = trainingPace({ total, evaluateEvery, rows });
  let stepper: Stepper<P> | undefined;
  let iteration = start;
  let evaluation: Evaluation | undefined;
  let report: string | undefined;

  const log = async (row: MetricsRow): Promise<void> => {
    await appendMetrics(files.metrics, [row]);
    board.write(row);
  };
  const validate = async (live: Stepper<P>, last: boolean): Promise<void> => {
    if (valList === undefined) return;
    const began = performance.now();
    const forward = live.inference(evaluationForward(network, { ...config.cam, forward: targetForward }));
    progress.stop();
    const how = {
      ...config.evaluation,
      mean,
      std,
      workers: config.data.workers,
      progress: createProgress('validate'),
      signal,
      onPanel: last ? options.onPanel : undefined,
    };
    const drawn =
      last && options.report !== false ? await evaluateWithPanels(forward, valList, how) : undefined;
    evaluation = drawn?.evaluation ?? (await evaluate(forward, valList, how));
    const { cam, camAux, seg, f1, similarity } = evaluation;
    const percent = (value: number): number => Math.round(value * 1e4) / 100;
    const seconds = (performance.now() - began) / 1000;
    pace.validated(seconds);
    const row: MetricsRow = {
      kind: 'evaluation',
      iteration,
      cam: percent(cam.mean),
      camAux: percent(camAux.mean),
      seg: percent(seg.mean),
      f1,
      similarity,
      segPerClass: seg.perClass.map(percent),
      camPerClass: cam.perClass.map(percent),
      seconds,
    };
    if (iteration > start || !isWritten) await log(row);
    print(
      `iteration ${iteration}: mIoU of CAM ${percent(cam.mean)}, auxiliary CAM ${percent(camAux.mean)}, segmentation ${percent(seg.mean)}; F1 ${f1.toFixed(3)}; token similarity ${similarity.at(-1)!.toFixed(3)}`,
    );
    if (drawn) {
      const rows = await readMetrics(files.metrics);
      const { name, classes } = data;
      const command = `toco train --config ${files.config} --out <another folder>`;
      await reportRun(files.report, { ...drawn, config, data: name, classes, rows, command });
      print(`Report: ${files.report}`);
      report = files.report;
    }
  };
  const save = async (live: Stepper<P>): Promise<void> => {
    const snapshot = await live.snapshot();
    try {
      const { name } = network.backbone;
      const info = { iteration, backbone: name, classes: data.classes, config, window: window.state() };
      checkpoint = await writeCheckpoint(folder, { network, state: snapshot.state, info });
    } finally {
      snapshot.dispose();
    }
    await pruneCheckpoints(folder, config.run);
  };

  try {
    for await (const feed of batches) {
      if (signal?.aborted) break;
      const phase = phaseAt(settings.phases, iteration);
      stepper ??= compiled
        ? await compiledStepper({ step, state, feed, phase }, compiled)
        : eagerStepper({ step, state });
      if (owed) await validate(stepper, start === total);
      owed = false;
      if (iteration >= total) break;
      const began = performance.now();
      const metrics = await stepper.step(feed, phase);
      iteration++;
      if (!Number.isFinite(metrics['loss'])) {
        throw new Error(
          `The loss of iteration ${iteration - 1} is ${metrics['loss']} (images ${batches.ids().join(', ')}); the last checkpoint is untouched. Try a smaller optimizer.lr.`,
        );
      }
      window.add({ ...metrics, seconds: (performance.now() - began) / 1000 });
      pace.stepped(feed, phase);
      const speed = pace.seconds();
      progress.update({
        done: iteration,
        total,
        imagesPerSecond: speed && config.batchSize / speed,
        left: pace.left(iteration),
        values: window.recent(),
      });
      const full = iteration % config.run.logEvery === 0;
      if (full || iteration === total) {
        // A run that ends within a window keeps it: with more iterations it goes on.
        const means = full ? window.take() : window.means();
        await log({ kind: 'train', iteration, ...means, memory: process.memoryUsage.rss() });
      }
      const last = iteration === total;
      if (last || iteration % config.run.checkpointEvery === 0) await save(stepper);
      if (last || iteration % config.evaluation.every === 0) await validate(stepper, last);
      pace.resume();
    }
    const interrupted = iteration < total;
    if (stepper && interrupted) await save(stepper);
    progress.stop();
    return {
      ...{ iterations: iteration, interrupted, checkpoint },
      ...(evaluation && { evaluation }),
      ...(report !== undefined && { report }),
    };
  } finally {
    progress.stop();
    await batches.close();
    stepper?.dispose();
  }
}
