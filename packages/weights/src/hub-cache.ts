import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeWhole } from '@toco/files';
import type { HubModel } from './hub-name.js';

/** What the hub calls the version of a file, which becomes part of paths. */
export interface HubVersion {
  /** Commit that the revision means. */
  readonly commit?: string | undefined;
  /** Entity tag of the file's bytes. */
  readonly tag?: string | undefined;
}

/** A variable of the environment; an empty one is none. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/**
 * Hugging Face's folder for what its programs keep: `HF_HOME`, else `huggingface` in the user's cache.
 */
function hubHome(): string {
  return variable('HF_HOME') ?? join(variable('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface');
}

/** The hub's cache that all programs share: `HF_HUB_CACHE`, else `hub` in `HF_HOME`. */
export function hubCache(): string {
  return variable('HF_HUB_CACHE') ?? join(hubHome(), 'hub');
}

/** What lets into models that need a permission: `HF_TOKEN`, else what `hf auth login` has left in a file. */
export function hubToken(): string | undefined {
  const file = variable('HF_TOKEN_PATH') ?? join(hubHome(), 'token');
  const token = variable('HF_TOKEN') ?? (existsSync(file) ? readFileSync(file, 'utf8') : '');
  return token.trim() === '' ? undefined : token.trim();
}

/** Places of one file of a model in the hub's cache, laid out as Hugging Face's own programs do: blobs, snapshots, refs. */
export interface CachedFile {
  /** Where the revision's file is, if it is there. */
  found(): string | undefined;
  /** Whether the hub has said that the revision has no such file. */
  isAbsent(): boolean;
  /** Remembers that. */
  markAbsent(): Promise<void>;
  /** Held by the one process that downloads it. */
  readonly lock: string;
  /** Where its bytes arrive. */
  readonly arriving: string;
  /** Gives what has arrived its places; the path of the file under its own name. */
  keep(version: HubVersion): Promise<string>;
}

/** A file of a model at a revision. */
export function cachedFile(cache: string, { owner, name, revision }: HubModel, file: string): CachedFile {
  const model = join(cache, `models--${owner}--${name}`);
  const ref = join(model, 'refs', revision);
  const arriving = join(model, 'blobs', `${revision}--${file}`);
  const commitOf = (): string => (existsSync(ref) ? readFileSync(ref, 'utf8').trim() : revision);
  const snapshot = (commit: string): string => join(model, 'snapshots', commit, file);
  const absent = (): string => join(model, '.no_exist', commitOf(), file);
  return {
    arriving,
    lock: join(cache, '.locks', `models--${owner}--${name}`, `${revision}--${file}.lock`),
    found() {
      const path = snapshot(commitOf());
      return existsSync(path) ? path : undefined;
    },
    isAbsent: () => existsSync(absent()),
    async markAbsent() {
      await mkdir(dirname(absent()), { recursive: true });
      await writeWhole(absent(), []);
    },
    async keep({ commit: given, tag }) {
      // A server decides on both: only what is a plain name becomes one.
      const commit = /^[0-9a-f]{40}$/.test(given ?? '') ? given! : revision;
      const path = snapshot(commit);
      await mkdir(dirname(path), { recursive: true });
      if (/^[0-9a-f]{8,64}$/.test(tag ?? '')) {
        await rename(arriving, join(model, 'blobs', tag!));
        await rm(path, { force: true });
        await symlink(join('..', '..', 'blobs', tag!), path);
      } else await rename(arriving, path);
      if (commit !== revision) {
        await mkdir(dirname(ref), { recursive: true });
        await writeWhole(ref, [new TextEncoder().encode(commit)]);
      }
      return path;
    },
  };
}
