import type { Backbone } from '@toco/backbone';
import type { TensorTree } from '@toco/core';
import type { Dataset } from '@toco/datasets';
import type { Config } from '../config/config.js';
import { evaluate, type Evaluation, type Panel } from '../evaluation/evaluate.js';
import { evaluationForward } from '../evaluation/evaluation-forward.js';
import { validationList } from '../evaluation/validation-list.js';
import { evaluateWithPanels } from '../report/exemplary-panels.js';
import { tellFindings } from '../data/tell-findings.js';
import { reportRun } from '../report/report-run.js';
import { phaseAt } from '../step/phase.js';
import { pruneCheckpoints, resolveCheckpoint, writeCheckpoint } from './checkpoint.js';
import { appendMetrics, readMetrics, truncateMetrics, type MetricsRow } from './metrics-log.js';
import { metricsWindow } from './metrics-window.js';
import { createProgress } from './progress.js';
import { createRunFolder, runFiles } from './run-folder.js';
import { compiledStepper, eagerStepper, type Stepper } from './stepper.js';
import { tensorBoardWriter } from './tensorboard.js';
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
  await tellFindings(data, images, print);
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
  if (resume) await truncateMetrics(files.metrics, start);

  const batches = batchesOf(config, source, { startIteration: start, endIteration: total, print });
  print(
    `Training ${network.backbone.name} on ${data.name}: ${images.length} images, ${data.classes.length} classes, iterations ${start}–${total}, batches of ${config.batchSize}, ${compiled ? `compiled (${config.engine.precision})` : 'eager'}.`,
  );
  const board = tensorBoardWriter(folder);
  const progress = createProgress('train', { start });
  const window = metricsWindow();
  let stepper: Stepper<P> | undefined;
  let iteration = start;
  let evaluation: Evaluation | undefined;
  let checkpoint = resume ? await resolveCheckpoint(folder) : '';
  let report: string | undefined;

  const log = async (row: MetricsRow): Promise<void> => {
    await appendMetrics(files.metrics, [row]);
    board.write(row);
  };
  const isLastEvaluation = (row: MetricsRow): boolean => row.kind === 'evaluation' && row.iteration === total;
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
    await log({
      kind: 'evaluation',
      iteration,
      cam: percent(cam.mean),
      camAux: percent(camAux.mean),
      seg: percent(seg.mean),
      f1,
      similarity,
      segPerClass: seg.perClass.map(percent),
      camPerClass: cam.perClass.map(percent),
      seconds: (performance.now() - began) / 1000,
    });
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
      const info = { iteration, backbone: network.backbone.name, classes: data.classes, config };
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
      const began = performance.now();
      const metrics = await stepper.step(feed, phase);
      iteration++;
      if (!Number.isFinite(metrics['loss'])) {
        throw new Error(
          `The loss of iteration ${iteration - 1} is ${metrics['loss']} (images ${batches.ids().join(', ')}); the last checkpoint is untouched. Try a smaller optimizer.lr.`,
        );
      }
      window.add({ ...metrics, seconds: (performance.now() - began) / 1000 });
      const { values, imagesPerSecond } = window.recent(config.batchSize);
      progress.update({ done: iteration, total, imagesPerSecond, values });
      if (iteration % config.run.logEvery === 0 || iteration === total) {
        await log({ kind: 'train', iteration, ...window.take(), memory: process.memoryUsage.rss() });
      }
      const last = iteration === total;
      if (last || iteration % config.run.checkpointEvery === 0) await save(stepper);
      if (last || iteration % config.evaluation.every === 0) await validate(stepper, last);
    }
    // A run that was stopped between its last checkpoint and its last figures has only these left to do.
    if (start === total && !(await readMetrics(files.metrics)).some(isLastEvaluation)) {
      stepper = eagerStepper({ step, state });
      await validate(stepper, true);
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
