import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '@toco/files';
import { glob, isDynamicPattern } from 'tinyglobby';

/** A photograph of an earlier call, whose outputs are in the folder. */
export interface EarlierPhotograph {
  /** From the root on. */
  readonly path: string;
  readonly name: string;
}

/** A photograph that was named, in one way or another. */
export interface NamedPhotograph {
  /** As it was named. */
  readonly path: string;
  /** What its outputs are called: a path without extension, none twice. */
  readonly name: string;
}

/** A photograph that was found, and its path from the folder that was named. */
export interface FoundPhotograph {
  readonly path: string;
  readonly short: string;
}

const anyPhotograph = '**/*.{jpg,jpeg,png,webp,tif,tiff,gif,avif}';

/** What `-` stands for: names on standard input. */
export const standardInput = '-';

/**
 * The photographs that arguments name: files; folders with all below them, but for hidden ones; lists (`.txt`, a path a line, from
 * the list's folder); globs; `-` for paths on standard input, a line each. One that is named twice comes once. What lies below
 * `out`, where results are written, is no photograph of a folder around it: else the second run would take the first one's masks.
 *
 * @throws one line where an argument names nothing, or the folder `out` itself
 */
export async function findPhotographs(
  sources: readonly string[],
  { out, readInput }: { readonly out: string; readonly readInput: () => Promise<string> },
): Promise<FoundPhotograph[]> {
  const written = resolve(out);
  const found = new Map<string, FoundPhotograph>();
  for (const source of sources) {
    const photographs =
      source === standardInput ? linesOf(await readInput()).map(alone) : await namedBy(source, written);
    if (photographs.length === 0)
      throw new UserError(`${source}: no photograph is there (jpg, png, webp, tif, gif, avif).`);
    for (const { path, short } of photographs) {
      const key = resolve(path);
      if (!found.has(key)) found.set(key, { path, short });
    }
  }
  return [...found.values()];
}

/** Photographs with names for their outputs, none of which another photograph has, here or from an earlier call. */
export function namePhotographs(
  found: readonly FoundPhotograph[],
  earlier: readonly EarlierPhotograph[],
): NamedPhotograph[] {
  const taken = new Map(earlier.map(({ path, name }) => [name.toLowerCase(), path]));
  return found.map(({ path, short }) => ({ path, name: freeName(short, resolve(path), taken) }));
}

function alone(path: string): FoundPhotograph {
  return { path, short: basename(path) };
}

async function namedBy(source: string, written: string): Promise<FoundPhotograph[]> {
  const kind = await stat(source).catch(() => undefined);
  if (kind?.isDirectory() === true) {
    if (resolve(source) === written)
      throw new UserError(`${source}: holds the photographs; write to another folder with --out.`);
    return without(written, await below(source, anyPhotograph, source));
  }
  if (kind !== undefined)
    return extname(source) === '.txt'
      ? linesOf(await readFile(source, 'utf8')).map((line) =>
          alone(isAbsolute(line) ? line : join(dirname(source), line)),
        )
      : [alone(source)];
  if (isDynamicPattern(source)) return without(written, await below('.', source, folderOfGlob(source)));
  throw new UserError(`${source}: there is no such photograph, folder or list.`);
}

function without(folder: string, photographs: readonly FoundPhotograph[]): FoundPhotograph[] {
  return photographs.filter(({ path }) => !resolve(path).startsWith(join(folder, sep)));
}

/** The part of a pattern in front of its first placeholder: outputs keep the folders behind it. */
function folderOfGlob(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => isDynamicPattern(part));
  return parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.');
}

/** Photographs that a pattern finds from a folder on; `from` is the folder that their short paths begin in. */
async function below(folder: string, pattern: string, from: string): Promise<FoundPhotograph[]> {
  const found = await glob(pattern, { cwd: folder, caseSensitiveMatch: false, expandDirectories: false });
  return found
    .sort((a, b) => (a < b ? -1 : 1))
    .map((one) => (isAbsolute(one) ? one : join(folder, one)))
    .map((path) => ({ path, short: relative(from, path) }));
}

function linesOf(text: string): string[] {
  return text.split(/\r\n|\n|\r/).flatMap((line) => line.trim() || []);
}

/** The path without extension; with it, then with a number, where another photograph than `key` has that name. */
function freeName(path: string, key: string, taken: Map<string, string>): string {
  const inside = path.split(/[\\/]/).filter((part) => part !== '..' && part !== '.' && part !== '');
  const last = basename(path);
  const extension = extname(last);
  const plain = [...inside.slice(0, -1), last.slice(0, last.length - extension.length)].join('/');
  const marked = `${plain}_${extension.slice(1).toLowerCase()}`;
  let name = plain;
  const isTaken = (): boolean => (taken.get(name.toLowerCase()) ?? key) !== key;
  for (let i = 1; isTaken(); i++) name = i === 1 ? marked : `${marked}_${i}`;
  taken.set(name.toLowerCase(), key);
  return name;
}

/** All of standard input. @throws one line where a terminal is waiting for it to be typed */
export async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY)
    throw new UserError(
      '-: nothing comes in; pipe names into it, such as: find . -name "*.jpg" | toco predict RUN -',
    );
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
