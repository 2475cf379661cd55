/** The command that resumes a run, ready to be pasted: what else the run needs is in its own `config.yaml`. */
export function resumeCommand(folder: string): string {
  return `toco train --resume --out ${shellWord(folder)}`;
}

/** A word as a shell takes it literally. */
function shellWord(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
