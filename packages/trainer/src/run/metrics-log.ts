import { appendFile, readFile } from 'node:fs/promises';
import { writeWhole } from '@toco/formats';

/** One line of `metrics.jsonl`. */
export interface MetricsRow {
  readonly kind: 'train' | 'evaluation';
  /** Iterations done when the row was written. */
  readonly iteration: number;
  readonly [metric: string]: number | string | readonly number[];
}

/** Appends rows to a JSON Lines file. */
export async function appendMetrics(path: string, rows: readonly MetricsRow[]): Promise<void> {
  await appendFile(path, jsonLines(rows));
}

/** All whole rows of a JSON Lines file; a last line that was cut off by an interruption is left out. */
export async function readMetrics(path: string): Promise<MetricsRow[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as MetricsRow);
}

/** Drops rows beyond `iteration`: a run that goes on from a checkpoint writes them again. */
export async function truncateMetrics(path: string, iteration: number): Promise<void> {
  const rows = (await readMetrics(path)).filter((row) => row.iteration <= iteration);
  await writeWhole(path, [new TextEncoder().encode(jsonLines(rows))]);
}

function jsonLines(rows: readonly MetricsRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
