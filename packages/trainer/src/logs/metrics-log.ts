import { appendJsonLines, printLine, readJsonLines, repairJsonLines } from '@toco/files';

/** One line of `metrics.jsonl`. */
export interface MetricsRow {
  readonly kind: 'train' | 'evaluation';
  /** Iterations done when the row was written. */
  readonly iteration: number;
  readonly [metric: string]: number | string | readonly number[];
}

/** What {@link readMetrics} may be told. */
export interface ReadMetricsOptions {
  /** Takes the line that tells of damage; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
}

/** Appends rows to a JSON Lines file. */
export async function appendMetrics(path: string, rows: readonly MetricsRow[]): Promise<void> {
  await appendJsonLines(path, rows);
}

/** All rows of a JSON Lines file that can be read; damaged lines are told and left out. */
export async function readMetrics(
  path: string,
  { print = printLine }: ReadMetricsOptions = {},
): Promise<MetricsRow[]> {
  return readJsonLines(path, rowOf, print);
}

/**
 * Prepares a file for a run that goes on: keeps the rows that `isKept` says, since the others are written again, and moves
 * damaged lines to a file beside it, so that they are told once.
 *
 * @returns the rows that are kept
 */
export async function repairMetrics(
  path: string,
  isKept: (row: MetricsRow) => boolean,
  print: (line: string) => void,
): Promise<MetricsRow[]> {
  return repairJsonLines(path, { rowOf, isKept }, print);
}

function rowOf(value: unknown): MetricsRow | undefined {
  const row = value as Partial<MetricsRow> | null | undefined;
  const isRow = row?.kind === 'train' || row?.kind === 'evaluation';
  return isRow && Number.isSafeInteger(row.iteration) ? (row as MetricsRow) : undefined;
}

/** Seconds of all iterations and validations that rows tell of, those before an interruption included. */
export function secondsOf(rows: readonly MetricsRow[]): number {
  let [seconds, done] = [0, 0];
  for (const { kind, iteration, seconds: each } of rows) {
    if (typeof each === 'number') seconds += kind === 'train' ? each * (iteration - done) : each;
    if (kind === 'train') done = iteration;
  }
  return seconds;
}
