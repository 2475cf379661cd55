import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  appendJsonLines,
  makeFolder,
  readJsonLines,
  repairJsonLines,
  UserError,
  writeWhole,
} from '@toco/files';
import { differenceOf, type Hashes } from '../shards/hashes.js';
import type { Shard } from '../shards/shard.js';

/** First row of a journal: what its files are made of. */
export interface JournalHead {
  readonly command: string;
  readonly shard: Shard;
  readonly hashes: Hashes;
  /** Images of this part. */
  readonly images: number;
  /** What people and later commands want to know, such as the names of the classes. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** An image that is done. */
export interface JournalRow {
  readonly index: number;
  /** Paths within the folder. */
  readonly files: readonly string[];
  readonly [key: string]: unknown;
}

/** How a journal is opened. */
interface JournalOptions {
  /** Begin anew, whatever is there. */
  readonly again: boolean;
  readonly print: (line: string) => void;
  /** Whether a row still holds; the image of another one is to be done again. By default all do. */
  readonly isKept?: ((row: JournalRow) => boolean) | undefined;
  /** What a row is found by; of two rows with one key the later one counts. Default: the index. */
  readonly keyOf?: (row: JournalRow) => number | string;
}

/** What is done of a folder of outputs: a row is added when the image's files are there. */
export interface Journal {
  readonly path: string;
  /** Rows of images whose files are there, by their keys. */
  readonly done: ReadonlyMap<number | string, JournalRow>;
  add(row: JournalRow): Promise<void>;
}

type Line = { readonly head: JournalHead } | JournalRow;

function lineOf(value: unknown): Line | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return 'head' in value || 'index' in value ? (value as Line) : undefined;
}

/**
 * The journal of a folder of outputs, new or gone on with.
 *
 * @throws one line where it is of something else
 */
export async function openJournal(
  path: string,
  head: JournalHead,
  { again, isKept = () => true, keyOf = ({ index }) => index, print }: JournalOptions,
): Promise<Journal> {
  const folder = dirname(path);
  await makeFolder(folder);
  const done = new Map<number | string, JournalRow>();
  if (!again && existsSync(path)) {
    const lines = await repairJsonLines<Line & object>(path, { rowOf: lineOf, isKept: () => true }, print);
    const [first] = lines;
    if (first !== undefined) {
      const old = 'head' in first ? (first.head as JournalHead) : undefined;
      const difference = old === undefined ? 'something else' : changeOf(old, head);
      if (difference !== undefined)
        throw new UserError(
          `${folder}: holds results of ${difference}; choose another --out, or overwrite them with --again.`,
        );
      for (const row of lines.slice(1) as JournalRow[])
        // A row without its files still takes the key from an earlier one: it wrote over that one's files.
        if (isKept(row) && row.files.every((file) => existsSync(join(folder, file))))
          done.set(keyOf(row), row);
        else done.delete(keyOf(row));
    }
  }
  const rows = [{ head }, ...done.values()].map((row) => `${JSON.stringify(row)}\n`);
  await writeWhole(path, [new TextEncoder().encode(rows.join(''))]);
  return {
    path,
    done,
    async add(row) {
      await appendJsonLines(path, [row]);
      done.set(keyOf(row), row);
    },
  };
}

function changeOf(old: JournalHead, head: JournalHead): string | undefined {
  if (old.command !== head.command) return `toco ${old.command}`;
  return differenceOf(old.hashes, head.hashes);
}

/** What stands in a journal. @throws one line where it is none */
export async function readJournal(
  path: string,
  print: (line: string) => void,
): Promise<{ head: JournalHead; rows: JournalRow[] }> {
  const [first, ...rows] = existsSync(path) ? await readJsonLines<Line>(path, lineOf, print) : [];
  if (first === undefined || !('head' in first))
    throw new UserError(`${path}: not the journal of a part; name files like label-0-of-3.jsonl.`);
  return { head: first.head as JournalHead, rows: rows as JournalRow[] };
}
