import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.js';

/** A block of a document that its reader may copy. */
export interface Snippet {
  /** Path from the root. */
  readonly file: string;
  /** Line of its fence. */
  readonly line: number;
  readonly language: string;
  /** Why the tests don't run it; left out where they do. */
  readonly needs?: string | undefined;
  readonly text: string;
}

/** What a snippet may need that tests don't have, as the second word behind the fence. */
export const needs = {
  download: 'weights, archives or packages from the network, or a file that the reader has',
  gpu: 'a GPU, or days',
  cluster: 'several machines and their scheduler',
  clone: 'a program of the repository itself, which its own tests run',
  long: 'more than a minute',
};

const foldersWithReadme = (parent: string): string[] =>
  readdirSync(join(root, parent))
    .map((name) => `${parent}/${name}/README.md`)
    .filter((file) => existsSync(join(root, file)));

/** All documents whose snippets are tested. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...foldersWithReadme('packages'),
  ...foldersWithReadme('examples'),
  'benchmarks/README.md',
];

/** The snippets of a document in their order. */
export function snippetsOf(file: string): Snippet[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```(\S+)(?: +(\S+))?\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = '', 2: reason, 3: block = '', index }) => ({
      file,
      line: text.slice(0, index).split('\n').length,
      language,
      needs: reason,
      text: block,
    }),
  );
}

/** Commands of a block of the shell, one a line; what is commented is left out. */
export function commandsOf({ text }: Snippet): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(?:^|\s+)#\s.*$/, '').trim())
    .filter((line) => line !== '');
}

/** The arguments of a command of ours as it is written; nothing for other commands, and for pipes, which are the shell's. */
export function tocoArguments(command: string): string | undefined {
  if (/[|<>]/.test(command)) return undefined;
  return /^(?:pnpm toco|npm run toco(?: --)?|npx @toco\/cli|toco|srun .*?\btoco)\s+(.*)$/.exec(command)?.[1];
}

/** Words of a command line: quotes and globs as the shell takes them. */
export function shellWords(text: string): string[] {
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}
