import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TensorTree } from '@toco/core';
import { openDataset, validationList } from '@toco/datasets';
import { counted, printLine as print, UserError } from '@toco/files';
import { makeReportFolder } from '@toco/report';
import { type EvaluationProtocol, formatEvaluationProtocol, type MeanOver } from '@toco/segmenter';
import { interruption, loaderThreads } from '@toco/trainer';
import type { LoadedNetwork } from '@toco/weights';
import { type Command, Option } from 'commander';
import { countsOf, type EvaluationCounts, mergeCounts, storedCounts } from '../evaluation/counts.js';
import { evaluatePart, evaluationHash } from '../evaluation/evaluate-part.js';
import {
  type EvaluationFile,
  isWhole,
  readEvaluationFile,
  writeEvaluationFile,
} from '../evaluation/evaluation-file.js';
import { figuresOf } from '../evaluation/figures.js';
import { reportEvaluation } from '../evaluation/report-evaluation.js';
import { memoryLimit } from '../segmenting/memory-limit.js';
import { addModelOptions, type ModelFlags, networkName, openModel } from '../segmenting/open-model.js';
import {
  addProtocolOptions,
  type ProtocolFlags,
  protocolFor,
  protocolSettings,
} from '../segmenting/protocol-flags.js';
import { type Hashes, shortName } from '../shards/hashes.js';
import { listHash } from '../shards/list-hash.js';
import { firstOf } from '../shards/first-of.js';
import { parseShard, placesOf, type Shard, wholeList } from '../shards/shard.js';
import { wholeOfParts } from '../shards/whole-of-parts.js';
import { formatFigures } from '../tables/format-figures.js';
import { assertClasses } from './assert-classes.js';
import { assertMerge } from './assert-merge.js';
import { tellSkipped } from './tell-skipped.js';
import { typedCommand } from './typed-command.js';
import { wholeNumber } from './whole-number.js';

interface EvaluateFlags extends ModelFlags, ProtocolFlags {
  readonly list?: string;
  readonly limit?: string;
  readonly threshold?: string;
  readonly mean: MeanOver;
  readonly shard?: string;
  readonly merge?: string[];
  readonly out?: string;
  readonly again?: boolean;
  readonly finishThreads?: string;
  readonly memory?: string;
  readonly report?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
}

const example = `
Examples:
  toco evaluate runs/voc                                  as validation in training does
  toco evaluate runs/voc --protocol voc                   the paper's: scales, mirror, CRF
  toco evaluate runs/voc --protocol voc --shard 0/3       the first of three parts
  toco evaluate --merge runs/voc/evaluations/*-of-3.json  their figures together

Exit status: 0 done, 3 done but for images that can't be read (1 with --strict), 1 not done.`;

/** Adds `toco evaluate`. */
export function addEvaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .description(
      'evaluate a network on images with masks: mIoU of CAM, auxiliary CAM, and segmentation, step by step',
    )
    .argument('[run]', 'folder of a run or of one of its checkpoints, a weight file, or hf:owner/name')
    .option('-w, --weights <file>', 'the same as naming the weight file');
  addProtocolOptions(addModelOptions(command), 'fast')
    .option('-d, --data <folder>', 'folder of the data set; default: the one the run was trained on')
    .option('--list <name>', "list of images; default: the data set's for validation")
    .option('-n, --limit <images>', 'the first images of the list only')
    .option('--threshold <value>', 'a CAM above this is its class; default: evaluation.threshold')
    .addOption(
      new Option(
        '--mean <classes>',
        'classes in the mean: those that occur in truth or prediction, or in the truth alone, as in the reference',
      )
        .choices(['occurring', 'truth'])
        .default('occurring'),
    )
    .option('--shard <i/n>', 'part i of n of the list, from 0; auto: ask the scheduler')
    .option('--merge <parts...>', 'merge the files of all parts into the figures of the whole list')
    .option(
      '-o, --out <folder>',
      'where counts are kept; default: evaluations, in the folder of the run, else in runs; with --merge: nowhere',
    )
    .option('--again', 'evaluate again what has been evaluated')
    .option(
      '--finish-threads <threads>',
      'threads beside the network that resize, fuse, and refine what it gives; default: one per processor',
    )
    .option('--memory <size>', 'memory that images may take, such as 4GB; default: half of what is free')
    .option('--report <file>', 'write a page with the best and the worst images, figures and curves')
    .option('--json', 'print figures, names of the classes and protocol as JSON')
    .option('--strict', "exit with 1 if an image can't be read")
    .addHelpText('after', example)
    .action(async (run: string | undefined, flags: EvaluateFlags) => {
      if (flags.merge === undefined) return evaluate(run, flags);
      const paths = [...(run === undefined ? [] : [run]), ...flags.merge];
      if (flags.report !== undefined)
        throw new UserError(
          '--report: a page shows images, and --merge has counts alone; merge with --out, then evaluate the run with that --out and --report: what is merged is not counted again.',
        );
      assertMerge(command, paths, ['--merge', '--mean', '--out', '--again', '--json', '--strict']);
      return merge(paths, flags);
    });
}

async function evaluate(run: string | undefined, flags: EvaluateFlags): Promise<void> {
  const { weights, report, limit } = flags;
  const named = run ?? weights;
  if (named === undefined || (run !== undefined && weights !== undefined))
    throw new UserError('Name one network: the folder of a run, or a weight file.');
  const signal = interruption(print, 'keeping what is counted');
  const shard = flags.shard === undefined ? wholeList : parseShard(flags.shard, process.env);
  if (report !== undefined && shard.count > 1)
    throw new UserError('--report: a page shows the whole list; leave out --shard.');
  if (report !== undefined) await makeReportFolder(report);
  const settings = protocolSettings(flags);
  const memory = memoryLimit(flags.memory);
  const finishThreads = wholeNumber(
    '--finish-threads',
    flags.finishThreads ?? `${availableParallelism()}`,
    0,
  );
  const model = await openModel(named, flags, {
    steady: true,
    protocolFor: (config) => protocolFor(flags.protocol, config, settings),
    print,
  });
  const { config, loaded, protocol: asked } = model;
  try {
    const dataset = await openDataset(config);
    assertClasses(dataset, loaded, { named: config.data.classes, print });
    const most = limit === undefined ? config.evaluation.limit : wholeNumber('--limit', limit);
    const all = validationList(await dataset.list(flags.list ?? dataset.lists.val), print);
    const list = most === undefined ? all : firstOf(all, most);
    const protocol: EvaluationProtocol = {
      ...{ data: dataset.name, list: list.name, images: list.length, protocol: asked },
      threshold: thresholdOf(flags.threshold) ?? config.evaluation.threshold,
      ...{ precision: model.precision, compiled: model.compiled },
    };
    const { index, count } = shard;
    const folder = flags.out ?? join(folderOfRun(loaded), 'evaluations');
    const images = placesOf(shard, list.length).length;
    const part = count === 1 ? '' : `, part ${index} of ${count}: ${images}`;
    print(
      `Network ${networkName(loaded)}; list ${list.name} of ${dataset.name}, ${counted(list.length, 'image')}${part}.`,
    );
    print(formatEvaluationProtocol(protocol));
    const hashes = {
      checkpoint: model.checkpoint,
      list: await listHash(list, { masks: true, signal }),
      settings: evaluationHash(protocol),
    };
    const withMask = list.length > 0 && list.sample(0).mask !== undefined;
    const task = {
      ...{ model, list, withMask, shard, hashes, protocol, classes: dataset.classes },
      path: join(folder, fileName(protocol, hashes, shard)),
    };
    const file = await evaluatePart(task, {
      again: flags.again ?? false,
      workers: loaderThreads(config.data).workers,
      finishThreads,
      ...{ memory, signal, print },
    });
    if (!isWhole(file)) {
      const done = file.counts.images.length + file.counts.leftOut.length;
      print(`Stopped after ${done} of ${counted(file.images, 'image')}. Run the same command to continue.`);
      return;
    }
    const counts = countsOf(file.counts);
    // A part may be without images where others have some.
    if (count === 1) assertSome(counts);
    if (report !== undefined) {
      await reportEvaluation(report, {
        ...task,
        counts,
        over: flags.mean,
        command: typedCommand(),
      });
      print(`Report: ${report}`);
    }
    tell(file, counts, flags);
    if (count > 1) process.stdout.write(flags.json ? '' : `Part ${index} of ${count}: ${task.path}\n`);
  } finally {
    loaded.dispose();
  }
}

async function merge(paths: readonly string[], flags: EvaluateFlags): Promise<void> {
  const files = await Promise.all(
    paths.map(async (name) => {
      const file = await readEvaluationFile(name);
      return { name, file, shard: file.shard, hashes: file.hashes, whole: isWhole(file) };
    }),
  );
  const parts = wholeOfParts(files, print).map(({ file }) => file);
  const counts = mergeCounts(parts.map((part) => countsOf(part.counts)));
  assertSome(counts);
  const [first] = parts as [EvaluationFile];
  print(
    `Network ${networkName({ name: first.network, average: first.average })}; ${parts.length} parts, ${counted(counts.images.length, 'image')}.`,
  );
  if (flags.out !== undefined) {
    const path = join(flags.out, fileName(first.protocol, first.hashes, wholeList));
    const whole = { ...first, shard: wholeList, images: first.protocol.images, counts: storedCounts(counts) };
    await writeEvaluationFile(path, whole);
    print(`Merged: ${path}`);
  }
  tell(first, counts, flags);
}

function fileName({ protocol }: EvaluationProtocol, hashes: Hashes, { index, count }: Shard): string {
  return `${protocol.name.replace(/\W+/g, '-')}-${shortName(hashes)}-${index}-of-${count}.json`;
}

/** Figures on standard output, of a part without images none; what was skipped on the error stream. */
function tell(
  { network, average, hashes, protocol, classes }: EvaluationFile,
  counts: EvaluationCounts,
  { mean: over, json, strict }: EvaluateFlags,
): void {
  const figures = figuresOf(counts, { over });
  const { leftOut } = counts;
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...figures, meanOver: over, classes: ['background', ...classes], network, average, protocol, hashes, leftOut }, null, 2)}\n`
      : figures.images > 0
        ? `${formatFigures(figures, classes, { over })}\n${formatEvaluationProtocol(protocol)}\n`
        : '',
  );
  tellSkipped(leftOut, { total: figures.images + leftOut.length, strict });
}

function assertSome({ images, leftOut }: EvaluationCounts): void {
  if (images.length > 0) return;
  const [first] = leftOut;
  const reason =
    first === undefined
      ? 'the list is empty.'
      : first.refused
        ? first.message
        : `${first.message}. Correct these files (toco check names all of them).`;
  throw new UserError(`No image could be evaluated: ${reason}`);
}

function thresholdOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new UserError(`--threshold ${text}: give a number from 0 to 1.`);
}

/** A checkpoint lies in checkpoints/, in the folder of its run; what is no run's goes where the command is called. */
export function folderOfRun({
  name,
  iteration,
}: Pick<LoadedNetwork<TensorTree>, 'name' | 'iteration'>): string {
  if (iteration === undefined) return 'runs';
  const parent = dirname(name);
  return basename(parent) === 'checkpoints' ? dirname(parent) : parent;
}
