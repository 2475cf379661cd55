import { shellWord } from '@toco/files';

/** The command that resumes a run, ready to be pasted: what else the run needs is in its own `config.yaml`. */
export function resumeCommand(folder: string): string {
  return `toco train --resume --out ${shellWord(folder)}`;
}
