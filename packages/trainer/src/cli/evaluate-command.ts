import type { Command } from 'commander';
import { evaluateCheckpoint } from '../run/evaluate-checkpoint.js';
import { formatEvaluation } from '../evaluation/format-evaluation.js';
import { interruption } from './interruption.js';
import { loadBackbone } from './load-backbone.js';

interface EvaluateFlags {
  readonly data?: string;
  readonly set: string[];
  readonly limit?: string;
  readonly backbone?: string;
  readonly json?: boolean;
}

/** Adds `toco evaluate`. */
export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('validate a run: mIoU of CAM, auxiliary CAM and segmentation, F1, token similarity')
    .argument('<run>', 'folder of a run, or of one of its checkpoints')
    .option('-d, --data <folder>', 'folder of the data set; default: the one the run was trained on')
    .option('-s, --set <key=value...>', "single settings over the run's configuration", [])
    .option('-n, --limit <images>', 'validate on the first images only')
    .option('-b, --backbone <file>', 'JavaScript module that exports the "backbone" the run was trained with')
    .option('--json', 'print the figures as JSON')
    .action(async (run: string, { data, set, limit, backbone, json }: EvaluateFlags) => {
      const print = (line: string): void => void process.stderr.write(`${line}\n`);
      const settings = [
        ...set,
        ...(data === undefined ? [] : [`data.root=${JSON.stringify(data)}`]),
        ...(limit === undefined ? [] : [`evaluation.limit=${limit}`]),
      ];
      const { evaluation, classes } = await evaluateCheckpoint(run, {
        settings,
        print,
        signal: interruption(print),
        ...(backbone !== undefined && { backbone: await loadBackbone(backbone) }),
      });
      process.stdout.write(
        `${json ? JSON.stringify(evaluation, null, 2) : formatEvaluation(evaluation, classes)}\n`,
      );
    });
}
