import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplyOptions } from '@toco/backbone';
import type { Dataset, SampleList } from '@toco/datasets';
import { averagedParameters } from '@toco/method';
import type { Network } from '@toco/network';
import type { Config } from '../config/config.js';
import { evaluate, evaluateOptionsOf } from '../evaluation/evaluate.js';
import { type ValidationSegmenter, validationSegmenter } from '../evaluation/validation-segmenter.js';
import { type Evaluation, evaluationLine, evaluationProtocol, evaluationRow } from '@toco/segmenter';
import type { Panel } from '@toco/report';
import { evaluateWithPanels, type DrawnEvaluation } from '../evaluation/exemplary-panels.js';
import { reportRun } from '../evaluation/report-run.js';
import type { Together } from '../cluster/together.js';
import type { Advice } from '../checkpoints/advice.js';
import type { RunRecords } from './records.js';
import { runFiles } from '../checkpoints/run-folder.js';
import type { Stepper } from '../execution/eager.js';

/** Validates a run now and then, and reports it at its end. */
export interface Validator {
  /** Whether figures or the report of an iteration are due and not there yet, as after a kill. */
  isDue(iteration: number): Promise<boolean>;
  /** Does what is due; an interruption leaves it due. */
  validate(stepper: Stepper, iteration: number): Promise<void>;
  /** Figures of the last validation, and the report where one was written. */
  result(): { readonly evaluation?: Evaluation; readonly report?: string };
}

/** What a validator looks at. */
export interface ValidatorOptions {
  readonly folder: string;
  readonly config: Config;
  readonly data: Dataset;
  /** Images of the validation; without masks there is no mIoU. */
  readonly list: SampleList;
  readonly network: Network;
  readonly targetForward: ApplyOptions;
  readonly records: RunRecords;
  readonly together: Together;
  readonly total: number;
  readonly print: (line: string) => void;
  readonly advice: Advice;
  readonly onPanel?: ((panel: Panel) => void) | undefined;
  readonly report?: boolean | undefined;
  /** Whether passes run as graphs. */
  readonly compiled: boolean;
}

/** A validator that follows `evaluation.every` and ends with the report. */
export function createValidator(options: ValidatorOptions): Validator {
  const { folder, config, data, list, network, records, together, total, print } = options;
  const { asked: signal, among } = together;
  const files = runFiles(folder);
  let evaluation: Evaluation | undefined;
  let report: string | undefined;
  let through: ValidationSegmenter | undefined;
  const hasRow = async (iteration: number): Promise<boolean> =>
    (await records.rows()).some((row) => row.kind === 'evaluation' && row.iteration === iteration);
  const reports = (iteration: number): boolean => iteration === total && options.report !== false;
  return {
    result: () => ({ ...(evaluation && { evaluation }), ...(report !== undefined && { report }) }),
    async isDue(iteration) {
      if (iteration === 0 || iteration > total) return false;
      const isTime = iteration === total || iteration % config.evaluation.every === 0;
      if (!isTime) return false;
      return together.ofLeader('due', async () => {
        if (reports(iteration) && !existsSync(files.report)) return true;
        return !(await hasRow(iteration));
      });
    },
    async validate(stepper, iteration) {
      if (await together.ofLeader('interrupted', () => signal?.aborted ?? false)) return;
      const began = performance.now();
      records.pause();
      // Prepared once: each preparation is another trace.
      const { average } = config.evaluation;
      through ??= validationSegmenter(config, network, {
        list,
        prepare: (pass) =>
          stepper.inference(pass, (state) =>
            average === undefined ? state.params : averagedParameters(state, average),
          ),
        forward: options.targetForward,
      });
      const onPanel = iteration === total ? options.onPanel : undefined;
      const how = {
        ...{ ...evaluateOptionsOf(config), signal, onPanel, among },
        ...(!together.leads && { print, progress: undefined }),
      };
      let drawn: DrawnEvaluation | undefined;
      try {
        drawn = reports(iteration) ? await evaluateWithPanels(through, list, how) : undefined;
        evaluation = drawn?.evaluation ?? (await evaluate(through, list, how));
      } catch (error) {
        // Interrupted: it is still due, so it is made up for when the run is resumed.
        if (signal?.aborted) return;
        throw error;
      }
      if (!(await hasRow(iteration))) {
        await records.write({
          kind: 'evaluation',
          iteration,
          ...evaluationRow(evaluation),
          seconds: (performance.now() - began) / 1000,
        });
      }
      print(`iteration ${iteration}: ${evaluationLine(evaluation)}`);
      if (!drawn || !together.leads) return;
      const { name, classes } = data;
      const command = options.advice.again(files.config);
      const rows = await records.rows();
      const { images } = evaluation;
      const { compiled } = options;
      const protocol = evaluationProtocol(config, { data: name, list: list.name, images, compiled });
      await reportRun(files.report, { ...drawn, config, data: name, classes, rows, command, protocol });
      print(`Report: ${files.report}`);
      report = files.report;
    },
  };
}

/** A report of an earlier end makes room: `report.html` is of the run's end, or not there. */
export async function putReportAside(folder: string, iteration: number): Promise<void> {
  const { report } = runFiles(folder);
  if (!existsSync(report)) return;
  await rename(report, join(folder, `report-before-${String(iteration).padStart(6, '0')}.html`));
}
