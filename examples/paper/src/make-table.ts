import { encodeDrawing } from '@toco/datasets';
import { counted } from '@toco/files';
import { describeMachine } from '@toco/runtime';
import { evaluateRun, type RunFigures } from './evaluate-run.js';
import { cellsOf, type FilledTable } from './filled-table.js';
import { canRun, type PlannedRun } from './planned-run.js';
import type { Preset } from './presets.js';
import { tableCsv } from './table-csv.js';
import { tableDrawing } from './table-drawing.js';
import { tableMarkdown } from './table-markdown.js';
import { type RunName, type RunRow, runs } from './runs.js';
import type { Measure, Table, TableRow } from './tables.js';
import { writeFiles } from './write-files.js';

/** Whether a preset trains what a row shows. */
export function isTrainable({ run, dataset }: TableRow, preset: Preset): boolean {
  return (dataset === undefined || dataset === preset.dataset) && canRun(run, preset);
}

/** What a table is filled with. */
export interface TableSources {
  readonly preset: Preset;
  /** Runs that are trained, of all seeds. */
  readonly trained: readonly PlannedRun[];
  readonly seeds: readonly number[];
  readonly command: string;
  readonly signal: AbortSignal;
}

/** Evaluates the runs of a table by its own protocol. @returns undefined where the signal ended it */
export async function fillTable(table: Table, sources: TableSources): Promise<FilledTable | undefined> {
  const { preset, trained, seeds, command, signal } = sources;
  const rows = table.rows.filter((row) => isTrainable(row, preset));
  const measured = new Map<string, RunFigures>();
  const key = (run: RunName, seed: number, { protocol, list }: Measure): string =>
    [run, seed, protocol, list].join();
  for (const { measure } of table.columns) {
    if (measure === undefined) continue;
    for (const run of trained.filter(({ name }) => rows.some((row) => row.run === name))) {
      const place = key(run.name, run.seed, measure);
      if (measured.has(place)) continue;
      const figures = await evaluateRun(run, measure, { preset, signal });
      if (figures === undefined) return undefined;
      measured.set(place, figures);
    }
  }
  const cells = cellsOf(table, (row, { measure }) =>
    measure === undefined || !rows.includes(row)
      ? []
      : seeds.map((seed) => measured.get(key(row.run, seed, measure))![measure.of]),
  );
  const protocols = [...new Set([...measured.values()].map(({ protocol }) => protocol))];
  return { table, seeds, cells, notes: [...notesOf(table, sources), ...protocols], command };
}

function notesOf(table: Table, sources: TableSources): string[] {
  const { preset, trained, seeds } = sources;
  const lengths = [...new Set(trained.map(({ config }) => config.optimizer.iterations))];
  const { number, paperSource } = table;
  return [
    `Preset ${preset.name}: ${preset.says}; ${lengths.map((length) => counted(length, 'iteration')).join(', ')}; ${seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(', ')}: mean ± standard deviation of ${counted(seeds.length, 'seed')}`}.`,
    paperSource === undefined
      ? `The paper's own figures (Ru et al., CVPR 2023, table ${number}) are not recorded here.`
      : `Paper: Ru et al., CVPR 2023, ${paperSource}; an empty cell is a figure that is not recorded here.`,
    ...table.notes,
    ...cropNotes(table, sources),
    `Measured on ${describeMachine()}.`,
  ];
}

/** How large the local crops of the preset are, where rows differ by them. */
export function cropNotes(
  { rows }: Table,
  { preset, trained }: Pick<TableSources, 'preset' | 'trained'>,
): string[] {
  if (!rows.some(({ run }) => (runs[run] as RunRow).cropSize !== undefined)) return [];
  const [view] = trained.map(({ config }) => config.views.cropSize);
  return [
    `Local crops of this preset, in the order of the rows: ${preset.cropSizes.join(', ')} px of views of ${view} px.`,
  ];
}

/** Writes a table as Markdown, CSV, a drawing (SVG) and a picture (PNG). @returns their paths */
export async function writeTable(folder: string, filled: FilledTable): Promise<string[]> {
  const name = `table-${filled.table.number}`;
  const svg = tableDrawing(filled);
  return writeFiles(folder, {
    [`${name}.md`]: tableMarkdown(filled),
    [`${name}.csv`]: tableCsv(filled),
    [`${name}.svg`]: svg,
    [`${name}.png`]: await encodeDrawing(svg),
  });
}
