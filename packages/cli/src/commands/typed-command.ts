import { shellWord } from '@toco/files';

/** The command as it was typed, to be typed again. */
export function typedCommand(): string {
  return ['toco', ...process.argv.slice(2).map(shellWord)].join(' ');
}
