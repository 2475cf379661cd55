import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hashFile } from './hash-file.js';

/** Length and checksum of a file, as written. */
export interface SealedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** Lengths and checksums of files of a folder, by name. */
export async function sealFiles(
  folder: string,
  names: readonly string[],
): Promise<Record<string, SealedFile>> {
  const sealed = names.map(async (name) => {
    const path = join(folder, name);
    return [name, { bytes: (await stat(path)).size, sha256: await hashFile(path) }] as const;
  });
  return Object.fromEntries(await Promise.all(sealed));
}

/** JSON of an object with its own checksum as last key. */
export function sealedJson(value: object): string {
  return `${JSON.stringify({ ...value, seal: textSeal(value) }, null, 2)}\n`;
}

/** The object of a text that {@link sealedJson} gave, without its checksum; undefined where it is not as it was written. */
export function unsealedJson(text: string): Record<string, unknown> | undefined {
  const parsed = parsedObject(text);
  if (parsed === undefined) return undefined;
  const { seal, ...value } = parsed;
  return seal === textSeal(value) ? value : undefined;
}

/** A folder that says in `state`, sealed, what its iteration is and what its files are. */
export interface SealedFolder {
  readonly state: string;
  readonly arrays: readonly string[];
  /** Throws where a file can't be read; for folders of a version without checksums, which say no more. */
  readonly open: (path: string) => void;
}

/**
 * What is wrong with the files of a checkpoint: undefined where each is there as it was written. A checkpoint of a version
 * without checksums is whole where its files can be read.
 */
export async function damageOf(
  checkpoint: string,
  { state, arrays, open }: SealedFolder,
): Promise<string | undefined> {
  const text = await readFile(join(checkpoint, state), 'utf8').catch(() => undefined);
  if (text === undefined) return `${state} is missing`;
  const parsed = parsedObject(text);
  if (parsed === undefined) return `${state} is damaged`;
  const { seal, ...info } = parsed;
  if (seal !== undefined && seal !== textSeal(info)) return `${state} is damaged`;
  const named = /^iteration-(\d+)$/.exec(basename(checkpoint))?.[1];
  if (named !== undefined && Number(named) !== info['iteration']) return `${state} is of another checkpoint`;
  const files = (info['files'] ?? {}) as Partial<Record<string, SealedFile>>;
  for (const name of arrays) {
    const damage = await fileDamage(join(checkpoint, name), files[name], open);
    if (damage !== undefined) return `${name} ${damage}`;
  }
  return undefined;
}

async function fileDamage(
  path: string,
  sealed: SealedFile | undefined,
  open: SealedFolder['open'],
): Promise<string | undefined> {
  const bytes = (await stat(path).catch(() => undefined))?.size;
  if (bytes === undefined) return 'is missing';
  if (sealed === undefined) {
    try {
      open(path);
      return undefined;
    } catch (error) {
      return `can't be read: ${(error as Error).message}`;
    }
  }
  if (bytes !== sealed.bytes) return `has ${bytes} bytes instead of ${sealed.bytes}`;
  return (await hashFile(path)) === sealed.sha256
    ? undefined
    : 'is not what was written (its checksum differs)';
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textSeal(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
