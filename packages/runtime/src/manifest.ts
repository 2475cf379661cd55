import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** What is written last into an installed folder: without it, or where a size differs, the folder is not whole. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Size in bytes of every file, by path in the folder; links are left out. */
  readonly files: Readonly<Record<string, number>>;
  /** Where the files came from: a wheel's hash, an npm integrity, a folder of the user. */
  readonly sources: Readonly<Record<string, string>>;
}

const file = 'manifest.json';

/** Lists the folder's files and writes its manifest. */
export async function writeManifest(folder: string, manifest: Omit<Manifest, 'files'>): Promise<void> {
  const files = Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), statSync(path).size]),
  );
  await writeFile(join(folder, file), JSON.stringify({ ...manifest, files }, null, 2));
}

/** The manifest of a whole folder; undefined where it is missing; a sentence where the folder is damaged. */
export function readManifest(folder: string): Manifest | string | undefined {
  if (!existsSync(folder)) return undefined;
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Manifest;
  } catch {
    return `${folder} has no readable ${file}`;
  }
  for (const [path, bytes] of Object.entries(manifest.files)) {
    const stat = lstatSync(join(folder, path), { throwIfNoEntry: false });
    if (!stat) return `${join(folder, path)} is missing`;
    if (stat.size !== bytes) return `${join(folder, path)} has ${stat.size} bytes instead of ${bytes}`;
  }
  return manifest;
}
