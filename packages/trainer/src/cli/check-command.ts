import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { Option } from 'commander';
import Table from 'cli-table3';
import {
  checkDataset,
  datasetAt,
  printable,
  type CheckReport,
  type DatasetLayout,
  type Problem,
} from '@toco/datasets';
import { preparationBar } from './preparation-bar.js';
import { workers } from './prepare-command.js';
import { wholeNumber } from './whole-number.js';

interface CheckFlags {
  readonly dataset?: DatasetLayout;
  readonly labels?: string;
  readonly images?: string;
  readonly masks?: string;
  readonly list?: string[];
  readonly most?: string;
  readonly workers?: number;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** Adds `toco check`. */
export function addCheckCommand(program: Command): void {
  program
    .command('check')
    .description('decode every image and mask of a data set, compare sizes, values and labels, count classes')
    .argument('[folder]', 'folder of the data set, such as VOCdevkit/VOC2012')
    .addOption(
      new Option('--dataset <layout>', 'default: told by the folder').choices(['voc', 'coco', 'folder']),
    )
    .option('--labels <source>', "label file, 'xml', 'masks' or 'folders'; default: what is found")
    .option('--images <folder>', 'photographs, where they lie elsewhere (coco, folder)')
    .option('--masks <folder>', 'masks, where they lie elsewhere (voc, folder)')
    .option('--list <name...>', 'lists to check; default: those for training and validation')
    .option(
      '-n, --most <problems>',
      'show so many errors and disagreements, image by image; default: one line a kind',
    )
    .option('--strict', 'fail for single classes that labels and mask do not agree on, too')
    .option('--json', 'print the report as JSON')
    .addOption(workers())
    .action(async (argument: string | undefined, flags: CheckFlags) => {
      const { dataset: layout, labels, images, masks } = flags;
      const { folder, lists } = folderApart(argument, flags.list);
      const dataset = await datasetAt(folder, { layout, labels, images, masks });
      const bar = preparationBar();
      const report = await checkDataset(dataset, {
        ...(flags.most !== undefined && { most: wholeNumber('--most', flags.most, 0) }),
        workers: flags.workers ?? availableParallelism(),
        onProgress: bar.onProgress,
        ...(lists !== undefined && { lists }),
      }).finally(() => bar.stop());
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(report, null, 2)}\n`
          : formatCheck(report, { imageByImage: flags.most !== undefined }),
      );
      if (report.errors > 0 || (flags.strict && report.disagreements > 0)) process.exitCode = 1;
    });
}

/** `--list val FOLDER` takes the folder for a list: where none is left, the last one was it. */
function folderApart(
  folder: string | undefined,
  lists: readonly string[] | undefined,
): { folder: string; lists: string[] | undefined } {
  const last = lists?.at(-1);
  if (folder !== undefined) return { folder, lists: lists && [...lists] };
  if (last === undefined || lists!.length < 2)
    throw new Error('Name the folder of the data set, such as: toco check VOCdevkit/VOC2012 --list val');
  return { folder: last, lists: lists!.slice(0, -1) };
}

/** The report as a table of classes and a list of problems, of findings last; names in it can't move the cursor. */
function formatCheck(report: CheckReport, { imageByImage }: { readonly imageByImage: boolean }): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const table = new Table({
    head: ['class', 'images with the label', 'masks with it', 'share of pixels'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { name, labelled, shown, pixelShare } of report.classes) {
    table.push([printable(name), labelled, shown, percent(pixelShare)]);
  }
  table.push(['background', '', '', percent(report.backgroundShare)]);
  table.push(['(ignored)', '', '', percent(report.ignoredShare)]);
  const lists = report.lists.map(
    ({ name, images, masks }) => `${printable(name)}: ${images} images, ${masks} readable masks\n`,
  );
  const line = ({ kind, list, id, message }: Problem, more = ''): string =>
    `${printable(`${kind}: ${[list, id].join(' ').trimEnd()}: ${message}${more}`)}\n`;
  const problems = imageByImage
    ? report.problems.map((problem) => line(problem))
    : report.groups.map(({ first, count, another }) =>
        line(first, count > 1 ? ` (and ${count - 1} more like it, such as ${another!})` : ''),
      );
  const errorFindings = report.findings.filter(({ kind }) => kind === 'error').length;
  const left = report.errors - errorFindings + report.disagreements - report.problems.length;
  const more = imageByImage && left > 0 ? `… and ${left} more (--most shows more of them)\n` : '';
  const findings = report.findings.map(({ kind, message }) => `${printable(`${kind}: ${message}`)}\n`);
  const warnings = report.findings.length - errorFindings;
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const warned = warnings > 0 ? `, ${count(warnings, 'warning')}` : '';
  const summary = `${count(report.errors, 'error')}, ${count(report.disagreements, 'disagreement')} of labels and masks${warned}\n`;
  const classes = report.lists.length > 0 ? `${table.toString()}\n` : '';
  return `${classes}${lists.join('')}${problems.join('')}${more}${findings.join('')}${summary}`;
}
