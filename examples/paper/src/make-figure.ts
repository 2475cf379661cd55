import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { counted } from '@toco/files';
import type { Figure } from './figures.js';
import type { PlannedRun } from './planned-run.js';
import type { Preset } from './presets.js';
import { toco } from './toco.js';
import { writeFiles } from './write-files.js';

/** What a figure is drawn from. */
export interface FigureSources {
  readonly preset: Preset;
  readonly trained: readonly PlannedRun[];
  readonly seeds: readonly number[];
  /** Folder that gets a folder of the figure's own. */
  readonly out: string;
  readonly command: string;
  readonly signal: AbortSignal;
}

/** One call of `toco show`. */
interface Drawing {
  readonly folder: string;
  readonly runs: readonly { readonly name: string; readonly folder: string }[];
}

/** What came of it. */
interface Drawn {
  readonly names: string;
  readonly files: readonly string[];
}

/**
 * Draws a figure of the paper with `toco show`: a page, drawings (SVG), pictures (PNG), numbers of charts as CSV, and a Markdown file that
 * shows them. Charts show all seeds, pictures the first.
 *
 * @returns paths of the files, the Markdown file first; undefined where the signal ended it
 */
export async function makeFigure(figure: Figure, sources: FigureSources): Promise<string[] | undefined> {
  const { preset, out, signal } = sources;
  const folder = join(out, `figure-${figure.number}`);
  const drawn: Drawn[] = [];
  for (const drawing of drawingsOf(figure, folder, sources)) {
    const names = drawing.runs.map(({ name }) => name);
    const printed = await toco(
      [
        ...['show', ...drawing.runs.map((run) => run.folder), '--names', names.join()],
        ...['--figures', figure.kind, '--protocol', figure.final ? preset.finalProtocol : 'fast'],
        ...['--out', drawing.folder, '--json'],
      ],
      signal,
    );
    if (printed === undefined || signal.aborted) return undefined;
    drawn.push({ names: names.join(', '), files: (JSON.parse(printed) as { written: string[] }).written });
  }
  const text = await figureMarkdown(figure, folder, { ...sources, drawn });
  const page = await writeFiles(folder, { [`figure-${figure.number}.md`]: text });
  return [...page, ...drawn.flatMap(({ files }) => files)];
}

/** Seeds that a figure shows. */
function shownSeeds({ kind }: Figure, { seeds }: FigureSources): readonly number[] {
  return kind === 'similarity' ? seeds : seeds.slice(0, 1);
}

function drawingsOf(figure: Figure, folder: string, sources: FigureSources): Drawing[] {
  const { runs, shows } = figure;
  const { trained } = sources;
  const shown = shownSeeds(figure, sources);
  const all = shows.flatMap(({ run, name }) =>
    shown.map((seed) => ({
      name: shown.length === 1 ? name : `${name} (seed ${seed})`,
      folder: trained.find((one) => one.name === run && one.seed === seed)!.folder,
    })),
  );
  return runs === 'together'
    ? [{ folder, runs: all }]
    : all.map((run) => ({ folder: join(folder, basename(run.folder)), runs: [run] }));
}

async function figureMarkdown(
  figure: Figure,
  folder: string,
  sources: FigureSources & { readonly drawn: readonly Drawn[] },
): Promise<string> {
  const { number, title } = figure;
  const { preset, trained, command, drawn } = sources;
  const parts = drawn.map(async ({ names, files }) => {
    const ending = (end: string): string[] => files.filter((path) => path.endsWith(end));
    const tables = ending('.csv').map(async (path) => markdownOfCsv(await readFile(path, 'utf8')));
    return [
      ...(drawn.length > 1 ? [`## ${names}`] : []),
      ...ending('.png').map((path) => `![${names}](${relative(folder, path)})`),
      ...(await Promise.all(tables)),
    ];
  });
  const { iterations } = trained[0]!.config.optimizer;
  const shown = shownSeeds(figure, sources);
  return `${[
    `# Figure ${number}: ${title}`,
    ...(await Promise.all(parts)).flat(),
    `Preset ${preset.name}: ${preset.says}; ${counted(iterations, 'iteration')}; ${shown.length === 1 ? 'seed' : 'seeds'} ${shown.join(', ')}. Paper: Ru et al., CVPR 2023, figure ${number}.`,
    `Again: \`${command}\``,
  ].join('\n\n')}\n`;
}

/** A CSV of plain numbers as a table; names hold no commas. */
function markdownOfCsv(csv: string): string {
  const [heads, ...rows] = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const shown = rows.map(([name, ...values]) => [name!, ...values.map((value) => Number(value).toFixed(3))]);
  return [line(heads!), line(heads!.map((_, i) => (i === 0 ? '---' : '---:'))), ...shown.map(line)].join(
    '\n',
  );
}
