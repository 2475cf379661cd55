import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { openDataset, type SampleList } from '@toco/datasets';
import { assertFolder, counted, printLine as print, UserError } from '@toco/files';
import {
  addFigures,
  assertTakesFigures,
  type FigureRow,
  type ShownFigures,
  type SimilarityLine,
  writeFigures,
} from '@toco/report';
import { describeMachine } from '@toco/runtime';
import { formatProtocol } from '@toco/segmenter';
import { interruption } from '@toco/trainer';
import type { Command } from 'commander';
import { camPicture, drawn, labelPicture } from '../figures/draw-pictures.js';
import { type FigureKind, figureKinds } from '../figures/figure-kinds.js';
import { mainFigures } from '../figures/main-figures.js';
import { runStatistics, segmentedImages } from '../figures/run-values.js';
import { memoryLimit } from '../segmenting/memory-limit.js';
import { addModelOptions, type ModelFlags, openModel } from '../segmenting/open-model.js';
import {
  addProtocolOptions,
  type ProtocolFlags,
  protocolFor,
  protocolSettings,
} from '../segmenting/protocol-flags.js';
import { assertClasses } from './assert-classes.js';
import { kindsOf } from './kinds-of.js';
import { tellSkipped } from './tell-skipped.js';
import { typedCommand } from './typed-command.js';
import { wholeNumber } from './whole-number.js';

interface ShowFlags extends ModelFlags, ProtocolFlags {
  readonly list?: string;
  readonly images?: string;
  readonly limit: string;
  readonly figures?: string;
  readonly names?: string;
  readonly out: string;
  readonly report?: string;
  readonly memory?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
}

/** Images that are drawn where none are named. */
const someImages = 4;

const example = `
Examples:
  toco show runs/voc                                                 all figures of the first images
  toco show runs/voc --images 2007_000033,2007_000042 --protocol voc  of these, with scales, mirror and CRF
  toco show runs/toco runs/baseline --names ToCo,ViT                  CAMs and similarity of both side by side

figures.html shows all of them, and so does the first run's report.html from then on; patches can be chosen there.
Each is a drawing (SVG) and a picture (PNG) besides.`;

/** Adds `toco show`. */
export function addShowCommand(program: Command): void {
  const command = program
    .command('show')
    .description("draw the paper's figures of a run, or of several side by side: files and a page")
    .argument('<run...>', 'folders of runs or checkpoints, weight files; the first is shown in all figures');
  addProtocolOptions(addModelOptions(command), 'fast')
    .option('-d, --data <folder>', 'folder of the data set; default: the one the first run was trained on')
    .option('--list <name>', "list of images; default: the data set's for validation")
    .option('--images <ids>', `ids with commas between; default: the first ${someImages} of the list`)
    .option('-n, --limit <images>', 'number of images on which similarity and confusion are measured', '100')
    .option('--figures <names>', `separated by commas: ${figureKinds.join(', ')}; default: all`)
    .option('--names <names>', 'names of the runs, separated by commas; default: their folders')
    .option('-o, --out <folder>', 'output folder', 'runs/show')
    .option('--report <file>', "report to add the figures to; default: the first run's report.html")
    .option('--memory <size>', 'memory that images may take, such as 4GB; default: half of what is free')
    .option('--json', 'print what was written as JSON')
    .option('--strict', "exit with 1 if an image can't be read")
    .addHelpText('after', example)
    .action(show);
}

async function show(runs: string[], flags: ShowFlags): Promise<void> {
  const signal = interruption(print, 'keeping what is measured');
  const changes = protocolSettings(flags);
  const kinds =
    flags.figures === undefined ? figureKinds : kindsOf<FigureKind>('--figures', flags.figures, figureKinds);
  const limit = wholeNumber('--limit', flags.limit);
  const memory = memoryLimit(flags.memory);
  const names = namesOf(runs, flags.names);
  const report = flags.report ?? reportOf(runs[0]!);
  if (report !== undefined) await assertTakesFigures(report);
  assertFolder(flags.out);
  const wants = (kind: FigureKind): boolean => kinds.includes(kind);
  const lines: SimilarityLine[] = [];
  let seenImages = 0;
  const camRows = new Map<string, CamRow>();
  const skipped = new Map<number, string>();
  const protocols: string[] = [];
  let shown: Omit<ShownFigures, 'description'> | undefined;
  let list: SampleList | undefined;
  let indices: readonly number[] = [];
  for (const [i, run] of runs.entries()) {
    const model = await openModel(run, flags, {
      steady: false,
      protocolFor: (config) => protocolFor(flags.protocol, config, changes),
      print,
    });
    const { loaded, config, protocol } = model;
    try {
      if (list === undefined) {
        const dataset = await openDataset(config);
        list = await dataset.list(flags.list ?? dataset.lists.val);
        indices = placesOf(list, flags.images);
      }
      assertClasses({ name: list.name, classes: list.classes }, loaded);
      const chosen = { list, indices, skipped, signal, print };
      const measured = {
        ...chosen,
        indices: Array.from({ length: Math.min(limit, list.length) }, (_, k) => k),
      };
      print(
        `${names[i]!}: network ${loaded.name}; list ${list.name}, ${imagesOf(kinds, { drawn: indices.length, measured: measured.indices.length })}; ${formatProtocol(protocol)}.`,
      );
      protocols.push(formatProtocol(protocol));
      if (wants('cams')) {
        const seen = await segmentedImages(model, chosen, { protocol, outputs: ['cam'], memory });
        const { threshold } = config.evaluation;
        for (const { image, cam, classes } of seen) {
          const { id } = image;
          const row = camRows.get(id) ?? {
            id,
            labels: classes.map((c) => c + 1),
            pictures: [await drawn('image', image)],
          };
          camRows.set(id, row);
          row.pictures.push(await drawn(names[i]!, camPicture(image, { cam, classes, threshold })));
          if (i === runs.length - 1 && image.mask)
            row.pictures.push(await drawn('truth', labelPicture(image, image.mask)));
        }
        // Side by side: an image that one run can't show isn't shown.
        const ids = new Set(seen.map(({ image }) => image.id));
        for (const id of camRows.keys()) if (!ids.has(id)) camRows.delete(id);
      }
      const confusion = i === 0 && wants('confusion');
      const statistics =
        confusion || wants('similarity')
          ? await runStatistics(model, measured, { confusion, out: flags.out })
          : undefined;
      if (statistics && statistics.images > 0 && wants('similarity'))
        lines.push({ run: names[i]!, values: statistics.similarity });
      if (i > 0) continue;
      const main = await mainFigures(chosen, { model, protocol, kinds, memory });
      const { matrix, images = 0 } = statistics ?? {};
      seenImages = images;
      shown = {
        title: `Figures of ${names.join(', ')}`,
        command: typedCommand(),
        machine: describeMachine(),
        classes: list.classes,
        ...main,
        similarity: undefined,
        confusion: matrix && {
          ...matrix,
          text: `Shares of the pixels of each true class (rows) by what they are predicted as, in percent, on ${counted(images, 'image')} of the list ${list.name}, one pass an image as in validation; color by the root of the share.`,
        },
      };
    } finally {
      loaded.dispose();
    }
    if (signal.aborted) break;
  }
  if (signal.aborted) {
    print('Stopped. Run the same command to continue.');
    process.exitCode = 130;
    return;
  }
  const figures: ShownFigures = {
    ...shown!,
    description: `Images of the list ${list!.name}. ${describeProtocols(names, protocols)}`,
    pictures: [...camFigure([...camRows.values()]), ...shown!.pictures],
    similarity:
      lines.length === 0
        ? undefined
        : {
            lines,
            text: `How alike the patch tokens of an image are after each block, mean of ${counted(seenImages, 'image')} (paper, figure 2): the deeper, the more alike, until CAMs can’t tell an object from what is around it.`,
          },
  };
  const problems = [...skipped].sort(([a], [b]) => a - b).map(([, message]) => ({ message }));
  const isEmpty = figures.pictures.length === 0 && lines.length === 0 && figures.confusion === undefined;
  if (isEmpty && problems.length > 0)
    throw new UserError(`None of the images can be shown; the first: ${problems[0]!.message}`);
  const written = await writeFigures(flags.out, figures);
  if (report !== undefined) await addFigures(report, figures);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ page: written[0], report, written, skipped: problems }, undefined, 2)}\n`
      : `${written[0]!} and ${written.length - 1} files beside it${report === undefined ? '' : `; ${report} shows them, too`}\n`,
  );
  const measures = wants('similarity') || wants('confusion') ? Math.min(limit, list!.length) : 0;
  const total = new Set([...indices, ...Array.from({ length: measures }, (_, k) => k)]).size;
  tellSkipped(problems, { total, strict: flags.strict });
}

type CamRow = Omit<FigureRow, 'pictures'> & { pictures: FigureRow['pictures'][number][] };

function camFigure(rows: readonly CamRow[]): ShownFigures['pictures'] {
  if (rows.length === 0) return [];
  const text =
    'CAMs of the classes that the images show, outlined where they count as their class (paper, figure 5).';
  return [{ name: 'cams', title: 'CAMs', text, rows }];
}

/** The protocol of all runs, or each one's where they differ, as they may where it follows the runs' own validations. */
function describeProtocols(names: readonly string[], protocols: readonly string[]): string {
  if (new Set(protocols).size === 1) return `Protocol ${protocols[0]!}.`;
  return `Protocols: ${names.map((name, i) => `${name} ${protocols[i]!}`).join('; ')}.`;
}

/** How many images figures are of: pictures show some, similarity and confusion are means of more. */
function imagesOf(
  kinds: readonly FigureKind[],
  { drawn, measured }: { readonly drawn: number; readonly measured: number },
): string {
  const measures = kinds.filter((kind) => kind === 'similarity' || kind === 'confusion').length;
  if (measures === kinds.length) return counted(measured, 'image');
  return `${counted(drawn, 'image')}${measures > 0 && measured !== drawn ? `, ${measured} measured` : ''}`;
}

/** The report that a run has of its own. */
function reportOf(run: string): string | undefined {
  const report = join(run, 'report.html');
  return existsSync(report) ? report : undefined;
}

/** What runs are called: as told, or by their folders. */
function namesOf(runs: readonly string[], told: string | undefined): string[] {
  if (told === undefined) return runs.map((run) => basename(resolve(run)));
  const names = told.split(',').map((name) => name.trim());
  if (names.length === runs.length && !names.includes('')) return names;
  throw new UserError(`--names ${told}: names ${names.length} of ${runs.length} runs; give each one.`);
}

/** Places of the images that are named, or the first of the list. */
function placesOf(list: SampleList, ids: string | undefined): number[] {
  if (ids === undefined) return Array.from({ length: Math.min(someImages, list.length) }, (_, i) => i);
  const places = new Map(Array.from({ length: list.length }, (_, i) => [list.sample(i).id, i]));
  return ids.split(',').map((text) => {
    const place = places.get(text.trim());
    if (place !== undefined) return place;
    throw new UserError(
      `--images ${text.trim()}: the list ${list.name} has no such image; it begins with ${list.sample(0).id}.`,
    );
  });
}
