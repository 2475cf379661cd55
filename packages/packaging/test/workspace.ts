import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The parts of a package.json that these tests look at. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A published package of this workspace. */
export interface Published {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The workspace. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** All packages that are published. */
export const published: readonly Published[] = readdirSync(join(root, 'packages'))
  .map((directory) => {
    const folder = join(root, 'packages', directory);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    return { name: manifest.name, folder, manifest };
  })
  .filter(({ manifest }) => manifest.private !== true);

/** A package and everything of ours that it depends on, as a user of it gets them. */
export function withDependencies(name: string, found = new Set<string>()): Set<string> {
  const dependencies = published.find((one) => one.name === name)?.manifest.dependencies;
  if (dependencies === undefined && !published.some((one) => one.name === name)) return found;
  found.add(name);
  for (const dependency of Object.keys(dependencies ?? {}))
    if (!found.has(dependency)) withDependencies(dependency, found);
  return found;
}

/** `@toco/crf/tensor` → `@toco/crf`; nothing for a relative import or a module of Node. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}

/** The packages that promise to run on any TensorFlow.js backend, browsers included. */
export const anyBackend: readonly string[] = [
  '@toco/core',
  '@toco/backbone',
  '@toco/network',
  '@toco/par',
  '@toco/cam',
  '@toco/losses',
  '@toco/method',
  '@toco/segmenter',
  '@toco/crf',
];
