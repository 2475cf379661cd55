import { relative } from 'node:path';
import { shellWord } from '@toco/files';
import { resumeCommand } from './resume-command.js';

/** Whose options messages name: those of `train()`, or those of the command `toco train`. */
export type Advised = 'program' | 'command';

/** What messages tell the user to do, in the words of a program or of the command. */
export interface Advice {
  /** How a run goes on, to follow "resume with: "; empty where whoever started the command says it. */
  resume(folder: string): string;
  /** What resumes the run that is there. */
  readonly resuming: string;
  /** How a run begins that is not there. */
  readonly beginning: string;
  /** What names the folder. */
  readonly folder: string;
  readonly otherFolder: string;
  readonly newRun: string;
  /** How a key of the configuration is set. */
  set(key: string, value: string): string;
  /** What trains the same once more, of a run's configuration. */
  again(file: string): string;
}

const words: Readonly<Record<Advised, Advice>> = {
  program: {
    resume: (folder) => `train(config, { folder: ${JSON.stringify(folder)}, resume: true, … })`,
    resuming: "resume: true (or 'auto')",
    beginning: "without resume: true (or with 'auto')",
    folder: 'folder',
    otherFolder: 'another folder',
    newRun: 'start a new run in another folder',
    set: (key, value) => `${key}: ${value} in the configuration`,
    again: () => {
      const [, file, ...args] = process.argv;
      return ['node', ...(file === undefined ? [] : [relative('', file)]), ...args].map(shellWord).join(' ');
    },
  },
  command: {
    resume: resumeCommand,
    resuming: '--resume',
    beginning: 'without --resume',
    folder: '--out',
    otherFolder: 'another folder with --out',
    newRun: 'start a new run with --out <another folder>',
    set: (key, value) => `--set ${key}=${value}`,
    again: (file) => `toco train --config ${shellWord(file)} --out <another folder>`,
  },
};

/** The words for whoever trains; default: a program. */
export function adviceFor(advised: Advised = 'program'): Advice {
  return words[advised];
}
