import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { cocoClasses, vocClasses } from '@toco/datasets';
import {
  counted,
  createProgress,
  formatDuration,
  printLine as print,
  type Progress,
  UserError,
} from '@toco/files';
import { formatProtocol } from '@toco/segmenter';
import { type Config, interruption } from '@toco/trainer';
import type { Command } from 'commander';
import { annotationKinds } from '../annotations/annotation-files.js';
import { replaces } from '../journal/journal.js';
import { findPhotographs, namePhotographs, readStandardInput } from '../photographs/sources.js';
import { earlierPhotographs } from '../prediction/earlier-photographs.js';
import { predictPhotographs, type PredictionRow } from '../prediction/predict-photographs.js';
import { type SavedKind, savedKinds } from '../prediction/saved-outputs.js';
import { memoryLimit } from '../segmenting/memory-limit.js';
import { addModelOptions, type ModelFlags, networkName, openModel } from '../segmenting/open-model.js';
import {
  addProtocolOptions,
  type ProtocolFlags,
  protocolFor,
  protocolSettings,
} from '../segmenting/protocol-flags.js';
import { settingsHash } from '../shards/hashes.js';
import { parseShard, placesOf, wholeList } from '../shards/shard.js';
import { kindsOf } from './kinds-of.js';
import { tellSkipped } from './tell-skipped.js';
import { wholeNumber } from './whole-number.js';

interface PredictFlags extends ModelFlags, ProtocolFlags {
  readonly out: string;
  readonly save: string;
  readonly orientation: boolean;
  readonly shard?: string;
  readonly again?: boolean;
  readonly workers: string;
  readonly finishThreads?: string;
  readonly memory?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
}

const example = `
Examples:
  toco predict runs/voc photo.jpg                          mask and overlay in runs/predict
  toco predict runs/voc photos/ --protocol voc -o masks    a folder, with scales, mirror and CRF
  toco predict runs/mine photos/ --save labelme            polygons for LabelMe: labelme photos --output runs/predict/labelme
  find . -name '*.jpg' | toco predict runs/voc - --json    names on standard input, a line of JSON each

A .txt file is a list of paths, which count from its folder.
Exit status: 0 done, 3 done but for photographs that can't be read (1 with --strict), 1 not done.`;

/** Adds `toco predict`. */
export function addPredictCommand(program: Command): void {
  const command = program
    .command('predict')
    .description('segment photographs: masks, overlays, probabilities, scores; no labels are needed')
    .argument('<run>', 'folder of a run or of one of its checkpoints, a weight file, or hf:owner/name')
    .argument('<source...>', 'photographs, folders, lists (.txt), globs, or - for names on standard input');
  addProtocolOptions(addModelOptions(command), 'fast')
    .option('-o, --out <folder>', 'output folder', 'runs/predict')
    .option(
      '--save <kinds>',
      `what to write, separated by commas: ${savedKinds.join(', ')} (npy: probabilities as float32, npy8: as 8 bits)`,
      'masks,overlays,scores',
    )
    .option('--no-orientation', 'keep photographs as stored; by default they are turned as viewers show them')
    .option('--shard <i/n>', 'part i of n of the photographs, from 0; auto: ask the scheduler')
    .option('--again', 'overwrite existing results')
    .option('--workers <threads>', 'threads that decode', '1')
    .option(
      '--finish-threads <threads>',
      'threads beside the network that resize, fuse, and refine what it gives; default: one per processor',
    )
    .option('--memory <size>', 'memory that images may take, such as 4GB; default: half of what is free')
    .option('--json', 'print a line of JSON per photograph, those done already and those skipped included')
    .option('--strict', "exit with 1 if a photograph can't be read")
    .addHelpText('after', example)
    .action(predict);
}

async function predict(named: string, sources: string[], flags: PredictFlags): Promise<void> {
  const { out, orientation: upright, json } = flags;
  const signal = interruption(print, 'what is written stays');
  const changes = protocolSettings(flags);
  const saved = kindsOf<SavedKind>('--save', flags.save, savedKinds);
  // Annotations are made from masks.
  const isAnnotated = annotationKinds.some((kind) => saved.includes(kind));
  const kinds = savedKinds.filter((kind) => saved.includes(kind) || (kind === 'masks' && isAnnotated));
  const shard = flags.shard === undefined ? wholeList : parseShard(flags.shard, process.env);
  const memory = memoryLimit(flags.memory);
  const workers = wholeNumber('--workers', flags.workers, 0);
  const finishThreads = wholeNumber(
    '--finish-threads',
    flags.finishThreads ?? `${availableParallelism()}`,
    0,
  );
  const again = flags.again ?? false;
  const found = await findPhotographs(sources, { out, readInput: readStandardInput });
  const places = placesOf(shard, found.length);
  // More parts than photographs: a task of a scheduler's array that has none must not fail.
  if (places.length === 0) {
    print(
      `Part ${shard.index} of ${shard.count} has none of the ${counted(found.length, 'photograph')}: nothing to do.`,
    );
    return;
  }
  const model = await openModel(named, flags, {
    steady: false,
    protocolFor: (config) => protocolFor(flags.protocol, config, changes),
    print,
  });
  const { loaded, config, protocol, precision, compiled } = model;
  try {
    const classNames = namesOf(loaded.classes, config.data, loaded.network.numClasses);
    const part = shard.count === 1 ? '' : `, part ${shard.index} of ${shard.count}`;
    print(
      `Network ${networkName(loaded)}; ${counted(places.length, 'photograph')}${part}; ${kinds.join(', ')} into ${out}.`,
    );
    print(`Protocol ${formatProtocol(protocol)}; ${precision}, ${compiled ? 'compiled' : 'eager'}.`);
    // Without the kinds that are written: another one may join those that are there.
    const settings = { protocol, upright, precision, compiled, classNames };
    const head = {
      ...{ command: 'predict', shard, images: places.length, kinds, about: { classes: classNames } },
      hashes: { checkpoint: model.checkpoint, list: '', settings: settingsHash(settings) },
    };
    const earlier = await earlierPhotographs(out, (old) => again && replaces(head, old));
    const all = namePhotographs(found, earlier);
    const photographs = places.map((place) => all[place]!);
    const otherNames = all.filter((_, place) => place % shard.count !== shard.index).map(({ name }) => name);
    const isWatched = process.stdout.isTTY && json !== true;
    let first: { readonly time: number; readonly done: number } | undefined;
    const timeLeft = (done: number): string => {
      first ??= { time: performance.now(), done };
      if (!isWatched || done === first.done) return '';
      const each = (performance.now() - first.time) / (done - first.done);
      return ` · ${formatDuration((each * (photographs.length - done)) / 1000)} left`;
    };
    const tellJson = (line: object): void => {
      if (json === true) process.stdout.write(`${JSON.stringify(line)}\n`);
    };
    const end = await predictPhotographs(
      { model, photographs, protocol, classNames, kinds, out, head, otherNames, upright },
      {
        again,
        workers,
        finishThreads,
        ...{ memory, signal, print },
        // A program that reads the lines gets one of every photograph, in a call that goes on with another one's work too.
        onKnown: tellJson,
        onRow: json
          ? tellJson
          : (row, done) =>
              process.stdout.write(`${done}/${photographs.length} ${lineOf(row)}${timeLeft(done)}\n`),
        onSkipped: ({ path, message }) => tellJson({ path, skipped: message }),
        // On a terminal the lines themselves say how far it is.
        progress: isWatched ? noProgress : createProgress('predict'),
      },
    );
    if (end.interrupted) {
      print(
        `Stopped after ${end.done} of ${counted(photographs.length, 'photograph')}. Run the same command to continue.`,
      );
      return;
    }
    print(`${counted(end.done, 'photograph')} in ${out}.`);
    if (end.done === 0) throw new UserError(`No photograph could be read: ${end.skipped[0]!.message}`);
    tellSkipped(end.skipped, { total: photographs.length, strict: flags.strict });
  } finally {
    loaded.dispose();
  }
}

const noProgress: Progress = { update: () => undefined, stop: () => undefined };

/** A photograph in one line: size, classes with their shares of the pixels, time. */
function lineOf({ path, width, height, found, leftOut, ms }: PredictionRow): string {
  const share = (pixels: number): string => {
    const percent = (100 * pixels) / (width * height);
    return percent < 1 ? '<1 %' : `${Math.round(percent)} %`;
  };
  const classes = found.map(({ name, pixels }) => `${name} ${share(pixels)}`);
  const without =
    leftOut.length === 0
      ? ''
      : `; CRF without ${counted(leftOut.length, 'improbable class', 'improbable classes')}, as memory is short`;
  return `${basename(path)} ${width}×${height}: ${classes.length === 0 ? 'background' : classes.join(', ')}${without}; ${ms} ms`;
}

const known = { voc: vocClasses, coco: cocoClasses } as const;

/** Names of the classes; a weight file has none of its own: they are the configuration's, or numbers. */
function namesOf(
  classes: readonly string[] | undefined,
  { dataset, classes: named }: Config['data'],
  count: number,
): readonly string[] {
  const names = classes ?? named ?? (dataset === 'voc' || dataset === 'coco' ? known[dataset] : undefined);
  if (names?.length === count) return names;
  const missing =
    names === undefined
      ? 'The classes have no names here'
      : `The network has ${counted(count, 'class', 'classes')}, and ${counted(names.length, 'name')} ${names.length === 1 ? 'is' : 'are'} given, so they are numbered`;
  print(
    `${missing}; name all of them in its order: --set data.classes=[cat, dog], or --set data.dataset=voc for VOC's.`,
  );
  return Array.from({ length: count }, (_, c) => `class ${c + 1}`);
}
