import { mkdir, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { succeed } from './run.js';
import { published } from './workspace.js';

/** A package as it is published. */
export interface Tarball {
  readonly file: string;
  /** Where it was unpacked. */
  readonly folder: string;
}

/** Packs every published package as `pnpm publish` does. */
export async function packAll(destination: string): Promise<Map<string, Tarball>> {
  const packed = published.map(async ({ name, folder }) => {
    const place = join(destination, name);
    await mkdir(place, { recursive: true });
    await succeed(folder, 'pnpm', 'pack', '--pack-destination', place);
    const [file = ''] = await readdir(place);
    await succeed(place, 'tar', '-xzf', file);
    return [name, { file: join(place, file), folder: join(place, 'package') }] as const;
  });
  return new Map(await Promise.all(packed));
}

/** All files of a folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
