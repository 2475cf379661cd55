import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a README tells its reader to type. */
export interface Instructions {
  /** Names (and versions) after `npm install`. */
  readonly install: readonly string[];
  /** Further commands of the same block. */
  readonly commands: readonly string[];
  /** Programs: the blocks fenced as ts, but not with what they need behind it (`ts download`). */
  readonly examples: readonly string[];
}

/** Reads the first block of commands, and all examples. */
export function instructionsOf(folder: string): Instructions {
  const text = readFileSync(join(folder, 'README.md'), 'utf8');
  const [shell = ''] = fenced(text, 'sh');
  const lines = shell.split('\n').map((line) => line.replace(/\s+#.*/, '').trim());
  const installs = lines.filter((line) => line.startsWith('npm install '));
  return {
    install: [...new Set(installs.flatMap((line) => line.split(/\s+/).slice(2)))],
    commands: lines.filter((line) => line !== '' && !installs.includes(line)),
    examples: fenced(text, 'ts'),
  };
}

function fenced(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );
}
