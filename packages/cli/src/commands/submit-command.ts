import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type VocCompetition, vocClasses, vocTestImages, writeVocSubmission } from '@toco/datasets';
import { counted, createProgress, printLine as print, readableBytes, UserError } from '@toco/files';
import { formatProtocol } from '@toco/segmenter';
import { interruption } from '@toco/trainer';
import { type Command, Option } from 'commander';
import { predictPhotographs } from '../prediction/predict-photographs.js';
import { memoryLimit } from '../segmenting/memory-limit.js';
import { addModelOptions, type ModelFlags, networkName, openModel } from '../segmenting/open-model.js';
import {
  addProtocolOptions,
  type ProtocolFlags,
  protocolFor,
  protocolSettings,
} from '../segmenting/protocol-flags.js';
import { settingsHash } from '../shards/hashes.js';
import { wholeList } from '../shards/shard.js';
import { wholeNumber } from './whole-number.js';

interface SubmitFlags extends ModelFlags, ProtocolFlags {
  readonly test: string;
  readonly list: string;
  readonly competition: VocCompetition;
  readonly out: string;
  readonly again?: boolean;
  readonly workers: string;
  readonly finishThreads?: string;
  readonly memory?: string;
  readonly json?: boolean;
}

const example = `
Example:
  toco prepare voc --test VOC2012test.tar --out data
  toco submit runs/voc --test data/VOCdevkit/VOC2012

Exit status: 0 when the archive is written; else 1, and there is none.`;

/** Adds `toco submit`. */
export function addSubmitCommand(program: Command): void {
  const command = program
    .command('submit')
    .description("write the archive for VOC's test server: checked masks of the test images")
    .argument('<run>', 'folder of a run or of one of its checkpoints, a weight file, or hf:owner/name')
    .requiredOption(
      '-t, --test <folder>',
      'the test images: VOCdevkit/VOC2012 after toco prepare voc --test',
    );
  addProtocolOptions(addModelOptions(command), 'voc')
    .option('--list <name>', 'list of the images', 'test')
    .addOption(
      new Option(
        '--competition <number>',
        "comp5: trained on VOC's own data alone; comp6: on other data too, such as pretrained weights",
      )
        .choices(['comp5', 'comp6'])
        .default('comp6'),
    )
    .option('-o, --out <folder>', 'folder of the masks and of the archive', 'runs/submit')
    .option('--again', 'overwrite existing results')
    .option('--workers <threads>', 'threads that decode', '1')
    .option(
      '--finish-threads <threads>',
      'threads beside the network that resize, fuse, and refine what it gives; default: one per processor',
    )
    .option('--memory <size>', 'memory that images may take, such as 4GB; default: half of what is free')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', example)
    .action(submit);
}

async function submit(named: string, flags: SubmitFlags): Promise<void> {
  const { out, competition, list } = flags;
  const signal = interruption(print, 'what is written stays');
  const changes = protocolSettings(flags);
  const memory = memoryLimit(flags.memory);
  const workers = wholeNumber('--workers', flags.workers, 0);
  const finishThreads = wholeNumber(
    '--finish-threads',
    flags.finishThreads ?? `${availableParallelism()}`,
    0,
  );
  const images = await vocTestImages(testRoot(flags.test, list), list);
  const model = await openModel(named, flags, {
    steady: false,
    protocolFor: (config) => protocolFor(flags.protocol, config, changes),
    print,
  });
  const { loaded, protocol, precision, compiled } = model;
  try {
    assertVocClasses(loaded.name, loaded.network.numClasses, loaded.classes);
    print(
      `Network ${networkName(loaded)}; list ${list} of ${flags.test}, ${counted(images.length, 'image')}; ${competition} into ${out}.`,
    );
    print(`Protocol ${formatProtocol(protocol)}; ${precision}, ${compiled ? 'compiled' : 'eager'}.`);
    const settings = { protocol, precision, compiled };
    const { done, skipped, interrupted } = await predictPhotographs(
      {
        ...{ model, out, classNames: vocClasses, kinds: ['masks'], otherNames: [] },
        // What a server scores hangs on no machine's free memory.
        protocol: { ...protocol, mayLeaveOut: false },
        photographs: images.map(({ id, path }) => ({ path, name: id })),
        head: {
          ...{ command: 'predict', shard: wholeList, images: images.length, kinds: ['masks'] },
          hashes: { checkpoint: model.checkpoint, list: '', settings: settingsHash(settings) },
          about: { classes: vocClasses },
        },
        // VOC's masks are those of the photographs as they are stored.
        upright: false,
      },
      {
        again: flags.again ?? false,
        workers,
        finishThreads,
        ...{ memory, signal, print },
        onKnown: () => undefined,
        onRow: () => undefined,
        onSkipped: () => undefined,
        progress: createProgress('submit'),
      },
    );
    if (interrupted) {
      print(`Stopped after ${done} of ${counted(images.length, 'image')}. Run the same command to continue.`);
      process.exitCode = 130;
      return;
    }
    if (skipped.length > 0)
      throw new UserError(
        `${skipped[0]!.message}: ${skipped.length} of ${counted(images.length, 'image')} have no mask, and VOC's server wants all of them, so no archive is written.`,
      );
    const archive = join(out, `${competition}_${list}_cls.tar.gz`);
    const bytes = await writeVocSubmission({ masks: join(out, 'masks'), images, competition, out: archive });
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ archive, bytes, images: images.length, competition })}\n`
        : `${archive}: ${counted(images.length, 'mask')}, ${readableBytes(bytes)}, as VOC's server takes them\n`,
    );
  } finally {
    loaded.dispose();
  }
}

/** The folder in VOC's layout that holds the list. */
function testRoot(folder: string, list: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile() === true)
    throw new UserError(
      `${folder}: is an archive; unpack it with toco prepare voc --test ${folder}, and name the folder VOCdevkit/VOC2012 that it makes.`,
    );
  const roots = [folder, join(folder, 'VOC2012'), join(folder, 'VOCdevkit', 'VOC2012')];
  const root = roots.find((one) => existsSync(join(one, 'ImageSets', 'Segmentation', `${list}.txt`)));
  return root ?? folder;
}

function assertVocClasses(name: string, count: number, classes: readonly string[] | undefined): void {
  const same = classes === undefined ? count === vocClasses.length : classes.join() === vocClasses.join();
  if (same) return;
  const other = classes === undefined ? '' : ` (${classes.slice(0, 3).join(', ')} …)`;
  throw new UserError(
    `${name}: has ${counted(count, 'class', 'classes')}${other}, and VOC's server knows VOC's 20 in their order; submit a network that was trained on them.`,
  );
}
