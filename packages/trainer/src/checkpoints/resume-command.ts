import { shellWord } from '@toco/files';

/**
 * The command that resumes a run, ready to be pasted: what else the run needs is in its own `config.yaml`.
 *
 * Who starts `toco train` as a part of something larger says in `TOCO_RESUME_COMMAND` what goes on with all of it; where that is empty,
 * so is this, and nothing is said.
 */
export function resumeCommand(folder: string): string {
  return process.env['TOCO_RESUME_COMMAND'] ?? `toco train --resume --out ${shellWord(folder)}`;
}
