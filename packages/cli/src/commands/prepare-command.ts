import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { prepareCoco, prepareVoc, prepareVocTest, vocArchives, type CrowdTreatment } from '@toco/datasets';
import { type OnPreparationProgress, withLock, UserError } from '@toco/files';
import { interruption } from '@toco/trainer';
import { preparationBar } from './preparation-bar.js';
import { wholeNumber } from './whole-number.js';

interface PrepareFlags {
  readonly partial?: boolean;
  readonly workers?: number;
}

interface VocFlags extends PrepareFlags {
  readonly out: string;
  readonly trainval?: string;
  readonly sbd?: string;
  readonly test?: string;
  readonly testChecksum?: string;
  readonly trainvalChecksum?: string;
  readonly sbdChecksum?: string;
  readonly keepDownloads?: boolean;
}

interface CocoFlags extends PrepareFlags {
  readonly out?: string;
  readonly crowds: CrowdTreatment;
}

/** Adds `toco prepare voc` and `toco prepare coco`. */
export function addPrepareCommand(program: Command): void {
  const prepare = program
    .command('prepare')
    .description("make the layout that training reads from the data sets' own archives")
    .addHelpText('after', '\nExample:\n  toco prepare voc --out data');
  addVoc(prepare);
  addCoco(prepare);
}

function addVoc(prepare: Command): void {
  prepare
    .command('voc')
    .description('PASCAL VOC 2012 with the masks of SBD: 10,582 training and 1,449 validation images')
    .option(
      '--trainval <file or address>',
      `VOCtrainval_11-May-2012.tar; default: ${vocArchives.trainval.url}`,
    )
    .option('--sbd <file or address>', `benchmark.tgz of SBD; default: ${vocArchives.sbd.url}`)
    .option(
      '--test <file or address>',
      'VOC2012test.tar, which its owners give to users of their server: the 1,456 test images, for toco submit; alone, nothing else is prepared',
    )
    .option('-o, --out <folder>', 'where VOCdevkit/VOC2012 is made', '.')
    .option('--trainval-checksum <checksum>', "md5:… or sha256:…; the owners' address has its own")
    .option('--sbd-checksum <checksum>', "md5:… or sha256:…; the owners' address has its own")
    .option('--test-checksum <checksum>', 'md5:… or sha256:…')
    .option('--keep-downloads', 'keep downloaded archives in OUT/downloads')
    .option('--partial', 'the archives hold a part of the images: do not check their number')
    .addOption(workers())
    .addHelpText(
      'after',
      '\nExamples:\n  toco prepare voc --trainval VOCtrainval_11-May-2012.tar --sbd benchmark.tgz --out data\n  toco prepare voc --test VOC2012test.tar --out data\n',
    )
    .action(async ({ test, testChecksum, ...voc }: VocFlags) => {
      const { out, partial, keepDownloads, trainval, sbd } = voc;
      if (test !== undefined) {
        const prepared = await inFolder(out, (control) =>
          prepareVocTest({
            ...{ out, test, checksum: testChecksum, ...control },
            ...{ partial: partial ?? false, keepDownloads: keepDownloads ?? false },
          }),
        );
        finished(prepared.root, { test: prepared.images }, prepared.alreadyDone);
        if (trainval === undefined && sbd === undefined) {
          process.stdout.write(`Submit to VOC's server: toco submit <run> --test ${prepared.root}\n`);
          return;
        }
      }
      const { trainvalChecksum, sbdChecksum, ...flags } = voc;
      const { root, lists, alreadyDone } = await inFolder(out, (control) =>
        prepareVoc({
          ...control,
          checksums: { trainval: trainvalChecksum, sbd: sbdChecksum },
          trainval,
          sbd,
          ...flags,
        }),
      );
      finished(root, { train_aug: lists.train_aug, val: lists.val }, alreadyDone);
      process.stdout.write(`Train on it: toco train --data ${root}\n`);
    });
}

function addCoco(prepare: Command): void {
  prepare
    .command('coco')
    .description('COCO 2014: masks, lists and labels of 82,081 training and 40,137 validation images')
    .argument('<folder>', "folder of annotations/, train2014/ and val2014/, or of the owners' zips of them")
    .option('-o, --out <folder>', 'where masks, lists and labels go; default: the same folder')
    .addOption(
      new Option('--crowds <treatment>', 'regions of crowds become 255 or their class')
        .choices(['ignore', 'class'])
        .default('ignore'),
    )
    .option('--partial', 'the annotations are a part of the data set: do not check the number of images')
    .addOption(workers())
    .addHelpText(
      'after',
      '\nExample: the zips of 2014 in one folder (COCO of other years and categories needs no preparation):\n  toco prepare coco coco --out data/coco',
    )
    .action(async (folder: string, { out, ...flags }: CocoFlags) => {
      if (!existsSync(folder))
        throw new UserError(`${folder}: no such folder; name the one that has the zips, or what was in them`);
      const { root, lists, alreadyDone } = await inFolder(out ?? folder, (control) =>
        prepareCoco({ root: folder, ...control, out, ...flags }),
      );
      finished(root, lists, alreadyDone);
      process.stdout.write(`Train on it: toco train --data ${root}\n`);
    });
}

/** The option for the number of threads, checked. */
export function workers(): Option {
  return new Option('-w, --workers <threads>', 'threads; default: one per core').argParser((text) =>
    wholeNumber('--workers', text, 0),
  );
}

/** How a preparation is watched and ended. */
interface Control {
  readonly onProgress: OnPreparationProgress;
  readonly signal: AbortSignal;
}

/** Prepares in a folder, one process at a time, with a bar. */
async function inFolder<Result>(
  folder: string,
  work: (control: Control) => Promise<Result>,
): Promise<Result> {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  const onWait = (): void =>
    print(
      `${folder}: another toco prepare is running here, or has just been killed; waiting for it to finish.`,
    );
  const signal = interruption(print, 'finishing the current files');
  const bar = preparationBar();
  const run = (): Promise<Result> => work({ onProgress: bar.onProgress, signal });
  try {
    return await withLock(join(folder, '.toco-prepare.lock'), run, { onWait, signal });
  } catch (error) {
    if (signal.aborted) process.exitCode = 130;
    throw error;
  } finally {
    bar.stop();
  }
}

function finished(root: string, lists: Readonly<Record<string, number>>, alreadyDone: boolean): void {
  const counts = Object.entries(lists).map(([name, length]) => `${name} ${length.toLocaleString('en')}`);
  process.stdout.write(
    `${root}: ${alreadyDone ? 'was prepared already' : 'prepared'} (${counts.join(', ')} images)\n`,
  );
}
