import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prebuiltFolder } from './binding.js';
import { cacheFolder } from '@toco/files';
import { installFolder } from './install-folder.js';
import { readManifest } from './manifest.js';
import type { Print } from './progress.js';

/** A module of ours in C++ that is compiled by `setup` in a clone and comes compiled with the packed package. */
export interface NativeModule {
  /** Prefix of its folder's name, whose rest tells the sources and flags. */
  readonly name: string;
  /** Name of the compiled file. */
  readonly file: string;
  readonly sourceFolder: string;
  /** Whatever else decides what the sources give. */
  readonly flags: unknown;
  /** What is printed before it is compiled. */
  readonly announcement: string;
  /** Compiles it into a folder. */
  readonly compile: (folder: string) => Promise<void>;
}

type Named = Pick<NativeModule, 'name' | 'file' | 'sourceFolder' | 'flags'>;

/** Name of the folder of what these sources and flags give; another version has another beside it in the cache. */
function folderName({ name, sourceFolder, flags }: Named): string {
  const hash = createHash('sha256').update(JSON.stringify(flags));
  for (const source of readdirSync(sourceFolder).sort())
    hash.update(readFileSync(join(sourceFolder, source)));
  return `${name}-${hash.digest('hex').slice(0, 12)}`;
}

function prebuiltPath(module: Named): string {
  return join(prebuiltFolder(), folderName(module), module.file);
}

/** Compiles a module into this package, in place of that of an earlier version, where it isn't there already. */
export async function prebuildModule(module: NativeModule): Promise<void> {
  if (existsSync(prebuiltPath(module))) return;
  for (const name of await readdir(prebuiltFolder()).catch(() => []))
    if (name.startsWith(`${module.name}-`)) await rm(join(prebuiltFolder(), name), { recursive: true });
  const target = join(prebuiltFolder(), folderName(module));
  const folder = `${target}.partial`;
  await mkdir(folder, { recursive: true });
  await module.compile(folder);
  await rename(folder, target);
}

/** Puts a module into the cache: the one that came with this package, else compiled. */
export async function installModule(module: NativeModule, print: Print): Promise<void> {
  const name = folderName(module);
  await installFolder(join(cacheFolder(), name), print, async (folder) => {
    if (existsSync(prebuiltPath(module))) {
      await copyFile(prebuiltPath(module), join(folder, module.file));
    } else {
      print(module.announcement);
      await module.compile(folder);
    }
    return { name, version: '', sources: {} };
  });
}

/** Path of a compiled module: in this package, else in the cache; undefined where that of this version is in neither. */
export function findModule(module: Named): string | undefined {
  if (existsSync(prebuiltPath(module))) return prebuiltPath(module);
  const folder = join(cacheFolder(), folderName(module));
  return typeof readManifest(folder) === 'object' ? join(folder, module.file) : undefined;
}
