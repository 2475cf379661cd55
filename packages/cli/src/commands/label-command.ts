import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { openDataset } from '@toco/datasets';
import { counted, printLine as print, UserError } from '@toco/files';
import { type Thresholds, thresholdsAt } from '@toco/method';
import { formatProtocol, type ProtocolName } from '@toco/segmenter';
import { type Config, interruption, loaderThreads } from '@toco/trainer';
import { type Command, Option } from 'commander';
import { openJournal, readJournal } from '../journal/journal.js';
import { finishLabels } from '../labeling/finish-labels.js';
import { gatherLabels, type PlacedRow } from '../labeling/gather-labels.js';
import {
  camProjects,
  type LabelKind,
  labelKinds,
  type LabelSource,
  labelSources,
} from '../labeling/label-kinds.js';
import { labelJournal, labelPart, type LabelRecipe, type LabelRow } from '../labeling/label-part.js';
import { madeOfLabels } from '../labeling/made-of-labels.js';
import { memoryLimit } from '../segmenting/memory-limit.js';
import { addModelOptions, type ModelFlags, networkName, openModel } from '../segmenting/open-model.js';
import {
  addProtocolOptions,
  crfOf,
  protocolFor,
  type ProtocolFlags,
  protocolSettings,
} from '../segmenting/protocol-flags.js';
import { firstOf } from '../shards/first-of.js';
import { settingsHash } from '../shards/hashes.js';
import { listHash } from '../shards/list-hash.js';
import { parseShard, placesOf, wholeList } from '../shards/shard.js';
import { wholeOfParts } from '../shards/whole-of-parts.js';
import { assertClasses } from './assert-classes.js';
import { assertMerge } from './assert-merge.js';
import { kindsOf } from './kinds-of.js';
import { tellSkipped } from './tell-skipped.js';
import { wholeNumber } from './whole-number.js';

interface LabelFlags extends ModelFlags, Omit<ProtocolFlags, 'protocol'> {
  readonly protocol?: ProtocolName;
  readonly list?: string;
  readonly limit?: string;
  readonly from: LabelSource;
  readonly refine: string;
  readonly low?: string;
  readonly high?: string;
  readonly save?: string;
  readonly out?: string;
  readonly shard?: string;
  readonly merge?: string[];
  readonly again?: boolean;
  readonly finishThreads?: string;
  readonly memory?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
}

const outByDefault = 'runs/label';

const example = `
Examples:
  toco label runs/voc                                          masks of the training list, refined by PAR
  toco label runs/voc --from aux --refine toco-cam --save irn  of the auxiliary CAM by a CRF, and CAMs as IRN has them
  toco label runs/voc --save coco-rle --shard 0/4              the first of four parts
  toco label runs/voc --data photos --list val --save cvat      of the list val of other data, for CVAT
  toco label --merge runs/label/label-*-of-4.jsonl             lists and JSON of all parts together

Exit status: 0 done, 3 done but for images that can't be read (1 with --strict), 1 not done.`;

/** Adds `toco label`. */
export function addLabelCommand(program: Command): void {
  const command = program
    .command('label')
    .description(
      'write pseudo labels for images whose classes are known, for a second stage or another project',
    )
    .argument('[run]', 'folder of a run or of one of its checkpoints, a weight file, or hf:owner/name');
  addProtocolOptions(addModelOptions(command))
    .option('-d, --data <folder>', 'folder of the data set; default: the one the run was trained on')
    .option('--list <name>', "list of images; default: the data set's for training")
    .option('-n, --limit <images>', 'the first images of the list only')
    .addOption(new Option('--from <maps>', 'source of the labels').choices(labelSources).default('cam'))
    .option('--refine <how>', 'par, none, or a CRF: toco-cam, toco, deeplab, afa, irn', 'par')
    .option('--low <value>', 'at most this is background; default: what the run ends with')
    .option('--high <value>', 'above this is the class, in between 255; default: what the run ends with')
    .option('--save <kinds>', `besides masks and lists, separated by commas: ${labelKinds.join(', ')}`)
    .option('-o, --out <folder>', `output folder; default: ${outByDefault}, with --merge that of the parts`)
    .option('--shard <i/n>', 'part i of n of the list, from 0; auto: ask the scheduler')
    .option('--merge <parts...>', 'merge the named files of all parts into lists and JSON')
    .option('--again', 'overwrite existing results')
    .option(
      '--finish-threads <threads>',
      'threads beside the network that resize, fuse, and refine what it gives; default: one per processor',
    )
    .option('--memory <size>', 'memory that images may take, such as 4GB; default: half of what is free')
    .option('--json', 'print what was written as JSON')
    .option('--strict', "exit with 1 if an image can't be read")
    .addHelpText('after', example)
    .action(async (run: string | undefined, flags: LabelFlags) => {
      if (flags.merge === undefined) return label(run, flags);
      const paths = [...(run === undefined ? [] : [run]), ...flags.merge];
      assertMerge(command, paths, ['--merge', '--out', '--again', '--json', '--strict']);
      return merge(paths, flags.out ?? folderOf(paths), flags);
    });
}

async function label(run: string | undefined, flags: LabelFlags): Promise<void> {
  if (run === undefined) throw new UserError('Name the network: the folder of a run, or a weight file.');
  const { limit, from, crf = 'none' } = flags;
  if (crf !== 'none' && from !== 'segmentation')
    throw new UserError(
      `--crf ${crf}: refines the segmentation, and labels are made --from ${from}; give --refine ${crf}.`,
    );
  const out = flags.out ?? outByDefault;
  const signal = interruption(print, 'what is written stays');
  const shard = flags.shard === undefined ? wholeList : parseShard(flags.shard, process.env);
  const kinds = flags.save === undefined ? [] : kindsOf<LabelKind>('--save', flags.save, labelKinds);
  const memory = memoryLimit(flags.memory);
  const finishThreads = wholeNumber(
    '--finish-threads',
    flags.finishThreads ?? `${availableParallelism()}`,
    0,
  );
  // CAMs as the run's validations see them; the segmentation at its best. Either is refined once, afterwards.
  const preset = flags.protocol ?? (from === 'segmentation' ? 'voc' : 'fast');
  const changes = protocolSettings({ ...flags, protocol: preset, crf: flags.crf ?? 'none' });
  const model = await openModel(run, flags, {
    steady: true,
    protocolFor: (config) => protocolFor(preset, config, changes),
    print,
  });
  const { config, loaded, protocol, precision, compiled } = model;
  try {
    const dataset = await openDataset(config);
    assertClasses(dataset, loaded, { named: config.data.classes, print });
    const recipe = recipeOf(flags, { ...config, numClasses: dataset.classes.length });
    const all = await dataset.list(flags.list ?? dataset.lists.train);
    const list = limit === undefined ? all : firstOf(all, wholeNumber('--limit', limit));
    const { index, count } = shard;
    const part = count === 1 ? '' : `, part ${index} of ${count}: ${placesOf(shard, list.length).length}`;
    print(
      `Network ${networkName(loaded)}; list ${list.name} of ${dataset.name}, ${counted(list.length, 'image')}${part}; into ${out}.`,
    );
    print(
      `Labels: ${formatRecipe(recipe)}. Protocol ${formatProtocol(protocol)}; ${precision}, ${compiled ? 'compiled' : 'eager'}.`,
    );
    // Without the kinds that are written: another one may join those that are there.
    const settings = { protocol, recipe, precision, compiled };
    const hashes = {
      checkpoint: model.checkpoint,
      list: await listHash(list, { masks: false, signal }),
      settings: settingsHash(settings),
    };
    const labeled = await labelPart(
      { model, list, protocol, recipe, kinds, out, shard, hashes, root: config.data.root },
      {
        again: flags.again ?? false,
        workers: loaderThreads(config.data).workers,
        finishThreads,
        ...{ memory, signal, print },
      },
    );
    const { rows, images, journal } = labeled;
    if (rows.length < images) {
      print(`Stopped after ${rows.length} of ${counted(images, 'image')}. Run the same command to continue.`);
      return;
    }
    if (count > 1) {
      print(
        `Part ${index} of ${count} is done; when all are: toco label --merge ${dirname(journal.path)}/label-*-of-${count}.jsonl -o ${out}`,
      );
      tell(rows, [journal.path], { ...flags, out });
      return;
    }
    assertSome(rows);
    const finished = { out, journal, classes: dataset.classes, root: config.data.root, signal, print };
    tell(rows, await finishLabels(rows, finished), { ...flags, out });
  } finally {
    loaded.dispose();
  }
}

async function merge(paths: readonly string[], out: string, flags: LabelFlags): Promise<void> {
  const signal = interruption(print, 'what is written stays');
  const journals = await Promise.all(
    paths.map(async (name) => {
      const { head, rows } = await readJournal(name, print);
      if (head.command !== 'label')
        throw new UserError(`${name}: is of toco ${head.command}, not of toco label.`);
      if (head.kinds.length === 0)
        throw new UserError(`${name}: is of an older version of toco; label this part again.`);
      const last = new Map(rows.map((row) => [row.index, row as LabelRow]));
      const { shard, hashes, images } = head;
      return { name, shard, hashes, whole: last.size === images, rows: [...last.values()], head };
    }),
  );
  const parts = wholeOfParts(journals, print);
  const kinds = [...new Set(parts.flatMap(({ head }) => head.kinds))];
  assertAlike(parts, kinds);
  const { about, hashes } = parts[0]!.head;
  const { classes, root } = about as { classes: string[]; root?: string };
  const placed: PlacedRow[] = parts
    .flatMap(({ name, rows }) => rows.map((row) => ({ row, folder: dirname(name) })))
    .sort((a, b) => a.row.index - b.row.index);
  const rows = placed.map(({ row }) => row);
  assertSome(rows);
  const head = { command: 'label', shard: wholeList, hashes, images: rows.length, kinds, about };
  const here = new Set(placed.flatMap(({ row, folder }) => (resolve(folder) === resolve(out) ? row.id : [])));
  const journal = await openJournal(join(out, labelJournal(wholeList)), head, {
    ...{ again: flags.again ?? false, madeOf: madeOfLabels, print },
    // What the parts have in this folder already is what is merged.
    isLeft: (row) => here.has((row as LabelRow).id),
  });
  await gatherLabels(placed, { out, journal, signal });
  tell(rows, await finishLabels(rows, { out, journal, classes, root, signal, print }), { ...flags, out });
}

/** @throws one line where a part was made without CAMs that another one has; everything else is made of the masks */
function assertAlike(
  parts: readonly { readonly name: string; readonly rows: readonly LabelRow[] }[],
  kinds: readonly string[],
): void {
  for (const kind of camProjects.filter((one) => kinds.includes(one)))
    for (const { name, rows } of parts)
      if (rows.some((row) => row.skipped === undefined && !row.kinds.includes(kind)))
        throw new UserError(
          `${name}: lacks files of ${kind}, which other parts have; run the command of this part again with --save ${kind}.`,
        );
}

/** The folder that all parts lie in, so that nothing need be copied. */
function folderOf(parts: readonly string[]): string {
  const [folder, ...others] = new Set(parts.map((part) => dirname(resolve(part))));
  return folder === undefined || others.length > 0 ? outByDefault : dirname(parts[0]!);
}

/** What was written on standard output; what was skipped on the error stream. */
function tell(
  rows: readonly LabelRow[],
  written: readonly string[],
  { out, json, strict }: LabelFlags & { readonly out: string },
): void {
  const done = rows.filter(({ skipped }) => skipped === undefined);
  const skipped = rows.flatMap(({ id, skipped: reason, lacking }) => {
    const message = reason ?? lacking;
    return message === undefined ? [] : [{ id, message }];
  });
  const pixels = done.reduce((sum, { width, height }) => sum + width * height, 0);
  // A part may have no image.
  const ignored = pixels === 0 ? 0 : done.reduce((sum, row) => sum + row.ignored, 0) / pixels;
  process.stdout.write(
    json
      ? `${JSON.stringify({ images: done.length, out, written, ignored, skipped }, null, 2)}\n`
      : `${counted(done.length, 'mask')} in ${out}, ${(100 * ignored).toFixed(1)} % of their pixels ignored; ${written.join(', ')}\n`,
  );
  tellSkipped(skipped, { total: rows.length, strict });
}

function assertSome(rows: readonly LabelRow[]): void {
  if (rows.some(({ skipped }) => skipped === undefined)) return;
  throw new UserError(`No image could be labeled: ${rows[0]?.skipped ?? 'the list is empty'}`);
}

type RecipeConfig = Config & { readonly numClasses: number };

function recipeOf({ from, refine, ...flags }: LabelFlags, config: RecipeConfig): LabelRecipe {
  const { par } = config;
  const low = thresholdOf('--low', flags.low) ?? lastThreshold(config, 'low');
  const high = thresholdOf('--high', flags.high) ?? lastThreshold(config, 'high');
  if (low > high) throw new UserError(`--low ${low} is above --high ${high}.`);
  if (refine === 'none') return { from, refine, low, high };
  return {
    from,
    refine: refine === 'par' ? { par } : { crf: crfOf('--refine', refine, ['par', 'none']) },
    low,
    high,
  };
}

/** The threshold that a training ends with. @throws one line where each class has its own: labels take one for all */
function lastThreshold(config: RecipeConfig, key: 'low' | 'high'): number {
  const values = thresholdsOf(config)?.[key] ?? [config.cam[key]];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least === most) return least;
  throw new UserError(
    `The run ends with thresholds of each class (${key}: ${least} to ${most}), and labels take one for all; give --low and --high.`,
  );
}

function thresholdsOf(config: RecipeConfig): Thresholds | undefined {
  try {
    return thresholdsAt(config, config.optimizer.iterations);
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}

function formatRecipe({ from, refine, low, high }: LabelRecipe): string {
  const maps = { cam: 'CAM', aux: 'auxiliary CAM', segmentation: 'segmentation' }[from];
  const how =
    refine === 'none'
      ? 'not refined'
      : 'par' in refine
        ? 'refined by PAR'
        : `refined by CRF ${refine.crf.name}`;
  return `${maps} of the true classes, ${how}, background to ${low}, class above ${high}, 255 between`;
}

function thresholdOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new UserError(`${option} ${text}: give a number from 0 to 1.`);
}
