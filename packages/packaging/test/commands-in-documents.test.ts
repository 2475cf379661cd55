import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { succeed } from './run.js';
import { published, root } from './workspace.js';

// A name that is nobody's today is anybody's tomorrow: whoever publishes it runs code where our documents are followed.
const skipped = new Set(['node_modules', 'dist', '.git', '.turbo', 'runs', 'coverage']);

/** Everything that somebody may read a command in: documents, and sources, whose messages name commands. */
function* texts(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* texts(path);
    else if (/\.(?:md|ts|js|json|ya?ml|cc)$/.test(entry.name) && !entry.name.startsWith('pnpm-lock'))
      yield path;
  }
}

const ours = new Set(published.map(({ name }) => name));
/** What the workspace itself installs. */
const [, catalog = ''] =
  /^catalog:\n((?: .*\n)+)/m.exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')) ?? [];
const theirs = new Set([
  ...[...catalog.matchAll(/^ +'?([^':]+)'?:/gm)].map(([, name]) => name!),
  // what installs
  ...['npm', 'pnpm'],
]);

/** A file's text; slashes of regular expressions as they are meant. */
const read = (path: string): string => readFileSync(path, 'utf8').replaceAll('\\/', '/');

/** Words after each occurrence of `command` up to the end of the command, flags and their values left out. */
function wordsAfter(text: string, command: RegExp): string[][] {
  return [...text.matchAll(new RegExp(`${command.source}((?:[ \\t]+[^\\s\`"'()|;&#]+)+)`, 'g'))].map(
    ([, rest = '']) => rest.trim().split(/\s+/),
  );
}

/** The package that a program is asked of: the first word that is no flag. */
const fetched = (text: string): string[] =>
  wordsAfter(
    text,
    /\b(?:npx|bunx|pnpx|npm exec|npm x|npm create|npm init|pnpm dlx|pnpm create|yarn dlx)/,
  ).map((words) => words.find((word) => !word.startsWith('-')) ?? '');

const installed = (text: string): string[] =>
  wordsAfter(text, /\b(?:npm (?:install|i|add)|pnpm add|yarn add|bun add)/).flatMap((words) =>
    words.filter((word) => !word.startsWith('-') && /^[@a-z]/.test(word)),
  );

const nameOf = (word: string): string => word.replace(/(?<=.)@.*$/, '').replace(/[.,:]$/, '');

describe('every package that is named in a command', () => {
  const files = [...texts(root)].filter((path) => !path.endsWith('commands-in-documents.test.ts'));

  test('is ours where it is run', () => {
    const found = files.flatMap((path) =>
      fetched(read(path)).map((word) => ({ path: relative(root, path), word })),
    );
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(({ word }) => !ours.has(nameOf(word)))).toEqual([]);
  });

  test('is ours, or one that we install ourselves, where it is installed', () => {
    const found = files.flatMap((path) =>
      installed(read(path)).map((word) => ({ path: relative(root, path), word })),
    );
    expect(found.length).toBeGreaterThan(5);
    const known = (word: string): boolean => ours.has(nameOf(word)) || theirs.has(nameOf(word));
    expect(found.filter(({ word }) => !known(word))).toEqual([]);
  });

  test('and the command resolves in the clone, without asking a registry', async () => {
    for (const command of ['toco', '@toco/cli', '@toco/runtime'])
      expect(await succeed(root, 'npx', '--no-install', command, '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  }, 60_000);

  test('the forms that are looked for', () => {
    expect(fetched('run `npx toco train`, npx --yes toco-runtime setup')).toEqual(['toco', 'toco-runtime']);
    expect(fetched('pnpm dlx toco@latest')).toEqual(['toco@latest']);
    expect(installed('npm install --global @toco/x @stranger/y@1')).toEqual(['@toco/x', '@stranger/y@1']);
  });
});
