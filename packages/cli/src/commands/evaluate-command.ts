import { loadBackbone } from '@toco/weights';
import type { Command } from 'commander';
import { evaluateCheckpoint, interruption } from '@toco/trainer';
import { formatEvaluationProtocol } from '@toco/segmenter';
import { formatEvaluation } from '../tables/format-evaluation.js';
import { modelOf, type ModelFlags } from './model-of.js';
import { printLine } from '@toco/files';

interface EvaluateFlags extends ModelFlags {
  readonly data?: string;
  readonly limit?: string;
  readonly backbone?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** Adds `toco evaluate`. */
export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('validate a run: mIoU of CAM, auxiliary CAM and segmentation, F1, token similarity')
    .argument('[run]', 'folder of a run, or of one of its checkpoints')
    .option(
      '-w, --weights <file>',
      "a whole network from a weight file (the authors' checkpoints) instead of a run",
    )
    .option('-c, --config <file>', 'with --weights: YAML file of its configuration')
    .option('-d, --data <folder>', 'folder of the data set; default: the one the run was trained on')
    .option('-s, --set <key=value...>', 'single settings over the configuration', [])
    .option('-n, --limit <images>', 'validate on the first images only')
    .option('-b, --backbone <file>', 'JavaScript module that exports the "backbone" the run was trained with')
    .option('--report <file>', 'write a page with the best and the worst images, figures and curves')
    .option('--json', 'print figures, names of the classes and protocol as JSON')
    .action(async (run: string | undefined, flags: EvaluateFlags) => {
      const { data, limit, backbone, report, json } = flags;
      const print = printLine;
      const settings = [
        ...flags.set,
        ...(data === undefined ? [] : [`data.root=${JSON.stringify(data)}`]),
        ...(limit === undefined ? [] : [`evaluation.limit=${limit}`]),
      ];
      const model = await modelOf(run, { ...flags, set: settings }, print);
      const { evaluation, classes, protocol } = await evaluateCheckpoint(model, {
        print,
        signal: interruption(print, 'stopping the validation'),
        report,
        backbone: backbone === undefined ? undefined : await loadBackbone(backbone),
      });
      if (report !== undefined) print(`Report: ${report}`);
      process.stdout.write(
        json
          ? `${JSON.stringify({ ...evaluation, classes: ['background', ...classes], protocol }, null, 2)}\n`
          : `${formatEvaluation(evaluation, classes)}\n${formatEvaluationProtocol(protocol)}\n`,
      );
    });
}
