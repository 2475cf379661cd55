import { appendFile, readFile } from 'node:fs/promises';
import { writeWhole } from './write-whole.js';
import { UserError } from './user-error.js';

/** What a row must be, of what a line of JSON says; undefined where it is none. */
export type RowOf<Row> = (value: unknown) => Row | undefined;

interface DamagedLine {
  /** Counted from one. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

interface Lines<Row> {
  readonly rows: Row[];
  readonly damaged: DamagedLine[];
  /** The last line, where it has no end and is no whole row: a process was killed while it wrote, or writes just now. */
  readonly cut?: DamagedLine;
}

/** Appends rows to a JSON Lines file. */
export async function appendJsonLines(path: string, rows: readonly object[]): Promise<void> {
  await appendFile(path, jsonLines(rows));
}

/**
 * All rows of a JSON Lines file that can be read. Damaged lines are told and left out; a last line without an end is not told,
 * since another process may be writing it.
 */
export async function readJsonLines<Row>(
  path: string,
  rowOf: RowOf<Row>,
  print: (line: string) => void,
): Promise<Row[]> {
  const { rows, damaged } = await readLines(path, rowOf);
  if (damaged.length > 0) print(`${damageOf(path, damaged)} left out; the other rows are used.`);
  return rows;
}

/**
 * Prepares a file that rows are appended to again: keeps those that `isKept` says, and moves damaged lines to a file beside it,
 * so that they are told once.
 *
 * @returns the rows that are kept
 */
export async function repairJsonLines<Row extends object>(
  path: string,
  { rowOf, isKept }: { readonly rowOf: RowOf<Row>; readonly isKept: (row: Row) => boolean },
  print: (line: string) => void,
): Promise<Row[]> {
  const { rows, damaged, cut } = await readLines(path, rowOf);
  const bad = cut === undefined ? damaged : [...damaged, cut];
  if (bad.length > 0) {
    const aside = path.replace(/(\.jsonl)?$/, '.damaged$1');
    await appendFile(aside, Buffer.concat(bad.flatMap(({ bytes }) => [bytes, Buffer.from('\n')])));
    print(`${damageOf(path, bad)} moved to ${aside}; the run continues with the other rows.`);
  }
  const kept = rows.filter(isKept);
  await writeWhole(path, [new TextEncoder().encode(jsonLines(kept))]);
  return kept;
}

async function readLines<Row>(path: string, rowOf: RowOf<Row>): Promise<Lines<Row>> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw new UserError(
      `${path}: ${error.message.split(',')[0]!}; move it away, and the run continues without it.`,
      { cause: error },
    );
  });
  const rows: Row[] = [];
  const damaged: DamagedLine[] = [];
  for (let [at, number] = [0, 1]; at < bytes.length; number++) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = { number, bytes: bytes.subarray(at, end) };
    const row = rowOf(valueOf(line.bytes));
    if (row !== undefined) rows.push(row);
    else if (newline < 0) return { rows, damaged, cut: line };
    else damaged.push(line);
    at = end + 1;
  }
  return { rows, damaged };
}

/** What a line says; undefined where it is no JSON. */
function valueOf(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    return undefined;
  }
}

/** `metrics.jsonl: line 3 is damaged and was`, for one line that names the file, the first line and how many there are. */
function damageOf(path: string, [first, ...more]: readonly DamagedLine[]): string {
  if (more.length === 0) return `${path}: line ${first!.number} is damaged and was`;
  return `${path}: line ${first!.number} and ${more.length} more are damaged and were`;
}

function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
