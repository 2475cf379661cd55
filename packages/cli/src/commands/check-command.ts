import { availableParallelism } from 'node:os';
import { type DatasetLayout, datasetAt, checkDataset } from '@toco/datasets';
import { type Command, Option } from 'commander';
import { workers } from './prepare-command.js';
import { preparationBar } from './preparation-bar.js';
import { wholeNumber } from './whole-number.js';
import { formatCheck } from '../tables/format-check.js';
import { UserError } from '@toco/files';

interface CheckFlags {
  readonly dataset?: DatasetLayout;
  readonly labels?: string;
  readonly images?: string;
  readonly masks?: string;
  readonly trainMasks?: string;
  readonly trainMaskFolder?: string;
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
      new Option('--dataset <layout>', 'default: detected from the folder').choices([
        'voc',
        'coco',
        'folder',
      ]),
    )
    .option(
      '--labels <source>',
      "label file, 'xml', 'masks', 'folders', or a tool: 'coco', 'cvat', 'labelme', 'yolo', 'labelmap'; default: auto-detected",
    )
    .option('--images <folder>', 'folder of the photographs, if elsewhere (coco, folder)')
    .option('--masks <folder>', 'folder of the masks, if elsewhere (voc, folder)')
    .option(
      '--train-masks <list>',
      "masks that training will use (data.trainMasks): 'all', a list, or a file of ids",
    )
    .option(
      '--train-mask-folder <folder>',
      "folder of those masks (data.trainMaskFolder); default: the data set's own",
    )
    .option('--list <name...>', 'lists to check; default: those for training and validation')
    .option(
      '-n, --most <problems>',
      'list up to this many errors and disagreements, image by image; default: one line per kind',
    )
    .option('--strict', 'also fail for single classes on which labels and mask disagree')
    .option('--json', 'print the report as JSON')
    .addOption(workers())
    .addHelpText(
      'after',
      '\nExample: masks of your own making, before they are trained on:\n  toco check VOCdevkit/VOC2012 --train-masks all --train-mask-folder labels/masks\n',
    )
    .action(async (argument: string | undefined, flags: CheckFlags) => {
      const { dataset: layout, labels, images, masks, trainMaskFolder } = flags;
      // A folder alone means all of it.
      const { trainMasks = trainMaskFolder === undefined ? undefined : 'all' } = flags;
      const { folder, lists } = folderApart(argument, flags.list);
      const dataset = await datasetAt(folder, { layout, labels, images, masks });
      const bar = preparationBar();
      const report = await checkDataset(dataset, {
        most: flags.most === undefined ? undefined : wholeNumber('--most', flags.most, 0),
        workers: flags.workers ?? availableParallelism(),
        onProgress: bar.onProgress,
        lists,
        ...(trainMasks !== undefined && { trainingMasks: { trainMasks, trainMaskFolder } }),
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
    throw new UserError('Name the folder of the data set, such as: toco check VOCdevkit/VOC2012 --list val');
  return { folder: last, lists: lists!.slice(0, -1) };
}
