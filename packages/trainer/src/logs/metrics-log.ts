import { appendFile, readFile } from 'node:fs/promises';
import { writeWhole } from '@toco/files';

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
  readonly print?: (line: string) => void;
}

/** Appends rows to a JSON Lines file. */
export async function appendMetrics(path: string, rows: readonly MetricsRow[]): Promise<void> {
  await appendFile(path, jsonLines(rows));
}

/**
 * All rows of a JSON Lines file that can be read. Damaged lines are told and left out; a last line without an end is not told,
 * since a run may be writing it.
 */
export async function readMetrics(
  path: string,
  { print = (line) => process.stderr.write(`${line}\n`) }: ReadMetricsOptions = {},
): Promise<MetricsRow[]> {
  const { rows, damaged } = await readLines(path);
  if (damaged.length > 0) print(`${damageOf(path, damaged)} left out; the other rows are used.`);
  return rows;
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
  const { rows, damaged, cut } = await readLines(path);
  const bad = cut === undefined ? damaged : [...damaged, cut];
  if (bad.length > 0) {
    const aside = path.replace(/(\.jsonl)?$/, '.damaged$1');
    await appendFile(aside, Buffer.concat(bad.flatMap(({ bytes }) => [bytes, Buffer.from('\n')])));
    print(`${damageOf(path, bad)} moved to ${aside}; the run goes on with the other rows.`);
  }
  const kept = rows.filter(isKept);
  await writeWhole(path, [new TextEncoder().encode(jsonLines(kept))]);
  return kept;
}

interface DamagedLine {
  /** Counted from one. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

interface MetricsLines {
  readonly rows: MetricsRow[];
  readonly damaged: DamagedLine[];
  /** The last line, where it has no end and is no whole row: a process was killed while it wrote, or writes just now. */
  readonly cut?: DamagedLine;
}

async function readLines(path: string): Promise<MetricsLines> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw new Error(
      `${path}: ${error.message.split(',')[0]!}; move it away, and the run goes on without it.`,
      {
        cause: error,
      },
    );
  });
  const rows: MetricsRow[] = [];
  const damaged: DamagedLine[] = [];
  for (let [at, number] = [0, 1]; at < bytes.length; number++) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = { number, bytes: bytes.subarray(at, end) };
    const row = rowOf(line.bytes);
    if (row) rows.push(row);
    else if (newline < 0) return { rows, damaged, cut: line };
    else damaged.push(line);
    at = end + 1;
  }
  return { rows, damaged };
}

function rowOf(line: Uint8Array): MetricsRow | undefined {
  try {
    const row = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(line),
    ) as Partial<MetricsRow> | null;
    const isRow = row?.kind === 'train' || row?.kind === 'evaluation';
    return isRow && Number.isSafeInteger(row.iteration) ? (row as MetricsRow) : undefined;
  } catch {
    return undefined;
  }
}

/** `metrics.jsonl: line 3 is damaged and was`, for one line that names the file, the first line and how many there are. */
function damageOf(path: string, [first, ...more]: readonly DamagedLine[]): string {
  if (more.length === 0) return `${path}: line ${first!.number} is damaged and was`;
  return `${path}: line ${first!.number} and ${more.length} more are damaged and were`;
}

function jsonLines(rows: readonly MetricsRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
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
