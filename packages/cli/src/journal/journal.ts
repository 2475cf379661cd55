import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
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
  /** What was asked to be written of the images, by all calls so far. */
  readonly kinds: readonly string[];
  /** What people and later commands want to know, such as the names of the classes. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** An image that is done, in some kinds of files. */
export interface JournalRow {
  readonly index: number;
  /** Paths within the folder; each begins with the folder of its kind. */
  readonly files: readonly string[];
  /** Kinds of files that it was written in, and which are there. */
  readonly kinds: readonly string[];
  readonly [key: string]: unknown;
}

/** How a journal is opened. */
interface JournalOptions {
  /** What is of another network, list or settings goes, instead of being refused. */
  readonly again: boolean;
  readonly print: (line: string) => void;
  /** Whether a row still holds; the image of another one is to be done again, and its files go. By default all do. */
  readonly isKept?: ((row: JournalRow) => boolean) | undefined;
  /** What a row is found by; of two rows with one key the later one counts. Default: the index. */
  readonly keyOf?: (row: JournalRow) => number | string;
  /** Paths of what was made of these rows' files besides, and of all rows' together: it goes with the first row that holds no more. */
  readonly madeOf?:
    ((kinds: readonly string[], rows: readonly JournalRow[], shard: Shard) => string[]) | undefined;
  /** Whether another process is about to write a row's files, such as another part of the same call: they are left to that. */
  readonly isLeft?: ((row: JournalRow) => boolean) | undefined;
}

/** What is done of a folder of outputs: a row is added when the image's files are there. */
export interface Journal {
  readonly path: string;
  /** As it was found; undefined of a new one, or where it was of something else. */
  readonly before: JournalHead | undefined;
  /** What all calls so far, this one included, ask to be written. */
  readonly kinds: readonly string[];
  /** Rows of images of which files are there, by their keys. */
  readonly done: ReadonlyMap<number | string, JournalRow>;
  /** Rows that held no more when it was opened. */
  readonly dropped: ReadonlyMap<number | string, JournalRow>;
  add(row: JournalRow): Promise<void>;
}

type Line = { readonly head: JournalHead } | JournalRow;

function lineOf(value: unknown): Line | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  // Older versions named no kinds.
  if ('head' in value) return { head: { kinds: [], ...(value.head as Omit<JournalHead, 'kinds'>) } };
  return 'index' in value ? { kinds: [], files: [], ...(value as Pick<JournalRow, 'index'>) } : undefined;
}

/**
 * The journal of a folder of outputs, new or gone on with. The folder's other journals, of other parts, must be of the same network,
 * list and settings, as they speak of the same files.
 *
 * Files that hold no more go before the journal forgets them, so that whenever the process is killed none is left that nobody knows.
 *
 * @throws one line where the folder holds results of something else
 */
export async function openJournal(
  path: string,
  head: JournalHead,
  options: JournalOptions,
): Promise<Journal> {
  const { again, isKept = () => true, keyOf = ({ index }) => index, print } = options;
  const folder = dirname(path);
  await makeFolder(folder);
  const refused = (what: string): UserError =>
    new UserError(
      `${folder}: holds results of ${what}; choose another --out, or overwrite them with --again.`,
    );
  const others = await otherJournals(path, head, { again, print });
  if (!again && others[0] !== undefined)
    throw refused(`${others[0].difference} (${basename(others[0].path)})`);
  for (const other of others) {
    await removeStale(folder, other, options);
    await rm(other.path, { force: true });
  }
  const found = existsSync(path) ? await repaired(path, print) : undefined;
  const difference =
    found === undefined ? undefined : found.head ? changeOf(found.head, head) : 'something else';
  if (difference !== undefined && !again) throw refused(difference);
  const before = difference === undefined ? found?.head : undefined;
  const done = new Map<number | string, JournalRow>();
  const dropped = new Map<number | string, JournalRow>();
  for (const row of found?.rows ?? []) {
    const key = keyOf(row);
    const there = partThere(folder, row);
    const holds = there !== undefined && before !== undefined && isKept(row);
    // A row that holds no more still takes the key from an earlier one: it wrote over that one's files.
    (holds ? dropped : done).delete(key);
    if (holds) done.set(key, there);
    else if (there !== undefined) dropped.set(key, there);
  }
  if (found?.head !== undefined)
    await removeStale(folder, { head: found.head, rows: [...dropped.values()] }, options);
  const kinds = [...new Set([...(before?.kinds ?? []), ...head.kinds])];
  const rows = [{ head: { ...head, kinds } }, ...done.values()].map((row) => `${JSON.stringify(row)}\n`);
  await writeWhole(path, [new TextEncoder().encode(rows.join(''))]);
  return {
    ...{ path, before, kinds, done, dropped },
    async add(row) {
      await appendJsonLines(path, [row]);
      done.set(keyOf(row), row);
    },
  };
}

interface ReadJournal {
  readonly head: JournalHead;
  readonly rows: JournalRow[];
}

async function repaired(
  path: string,
  print: (line: string) => void,
): Promise<(Omit<ReadJournal, 'head'> & { readonly head?: JournalHead }) | undefined> {
  const [first, ...rows] = await repairJsonLines<Line & object>(
    path,
    { rowOf: lineOf, isKept: () => true },
    print,
  );
  if (first === undefined) return undefined;
  return { rows: rows as JournalRow[], ...('head' in first && { head: first.head as JournalHead }) };
}

const anyJournal = /^(?:\.predict(?:-\d+-of-\d+)?|label-\d+-of-\d+)\.jsonl$/;

/** Paths of the journals in a folder of outputs. */
export async function journalsIn(folder: string): Promise<string[]> {
  // Where there is no such folder, or it is none, whoever writes into it finds out.
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => anyJournal.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The folder's journals beside one that are of something else. Those of the other parts of a split that begins anew do so by themselves. */
async function otherJournals(
  path: string,
  head: JournalHead,
  { again, print }: Pick<JournalOptions, 'again' | 'print'>,
): Promise<(ReadJournal & { readonly path: string; readonly difference: string })[]> {
  const others: (ReadJournal & { readonly path: string; readonly difference: string })[] = [];
  for (const other of await journalsIn(dirname(path))) {
    if (other === join(dirname(path), basename(path))) continue;
    const [first, ...rows] = await readJsonLines<Line>(other, lineOf, print);
    if (first === undefined || !('head' in first)) continue;
    const of = first.head as JournalHead;
    const difference = changeOf(of, head);
    if (difference === undefined || (again && isSplitAlike(of, head))) continue;
    others.push({ path: other, head: of, rows: rows as JournalRow[], difference });
  }
  return others;
}

function isSplitAlike(one: JournalHead, other: JournalHead): boolean {
  return one.command === other.command && one.shard.count === other.shard.count;
}

/** Whether opening the journal of a head anew would remove the rows of another one. */
export function replaces(head: JournalHead, old: JournalHead): boolean {
  if (changeOf(old, head) === undefined) return false;
  return !isSplitAlike(old, head) || old.shard.index === head.shard.index;
}

/** A row without the files that are gone and without their kinds; undefined where all are. */
function partThere(folder: string, row: JournalRow): JournalRow | undefined {
  const gone = row.files.filter((file) => !existsSync(join(folder, file)));
  if (gone.length === 0) return row;
  if (gone.length === row.files.length) return undefined;
  const lost = new Set(gone.map(kindOfFile));
  return {
    ...row,
    files: row.files.filter((file) => !gone.includes(file)),
    kinds: row.kinds.filter((kind) => !lost.has(kind)),
  };
}

/** A row that knows of further files. */
export function withFiles<Row extends JournalRow>(row: Row, files: readonly string[]): Row {
  return {
    ...row,
    files: [...new Set([...row.files, ...files])],
    kinds: [...new Set([...row.kinds, ...files.map(kindOfFile)])],
  };
}

/** What a file was written as. */
export function kindOfFile(file: string): string {
  return file.slice(0, file.indexOf('/'));
}

async function removeStale(
  folder: string,
  { head, rows }: ReadJournal,
  { madeOf, isLeft = () => false }: JournalOptions,
): Promise<void> {
  const stale = rows.filter((row) => row.files.length > 0 && !isLeft(row));
  if (stale.length === 0) return;
  const made = madeOf?.(head.kinds, stale, head.shard) ?? [];
  await removeFiles(folder, [...stale.flatMap(({ files }) => files), ...made]);
}

/** Removes files of a folder, those that are there. */
export async function removeFiles(folder: string, files: readonly string[]): Promise<void> {
  const root = resolve(folder) + sep;
  for (const file of files) {
    const path = resolve(folder, file);
    if (path.startsWith(root)) await rm(path, { force: true });
  }
}

function changeOf(old: JournalHead, head: JournalHead): string | undefined {
  if (old.command !== head.command) return `toco ${old.command}`;
  return differenceOf(old.hashes, head.hashes);
}

/** What stands in a journal. @throws one line where it is none */
export async function readJournal(path: string, print: (line: string) => void): Promise<ReadJournal> {
  const [first, ...rows] = existsSync(path) ? await readJsonLines<Line>(path, lineOf, print) : [];
  if (first === undefined || !('head' in first))
    throw new UserError(`${path}: not the journal of a part; name files like label-0-of-3.jsonl.`);
  return { head: first.head as JournalHead, rows: rows as JournalRow[] };
}
