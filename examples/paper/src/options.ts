import { statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@toco/files';
import { type Figure, figures } from './figures.js';
import { parsedWords } from './parsed-words.js';
import type { RunOptions } from './planned-run.js';
import { type PresetName, presetNames, presets } from './presets.js';
import { type Table, tables } from './tables.js';

/** What a command line asks for. */
export interface Options extends RunOptions {
  readonly table?: Table;
  readonly figure?: Figure;
  readonly seeds: readonly number[];
}

/** What `--help` prints. */
export const help = `npm start -- --table NUMBER | --figure NUMBER [options]

Trains what a table or a figure of the paper shows and is not trained yet, evaluates it by the table's own protocol, prints it beside the
paper's figures, and writes it as Markdown, CSV and a picture.

  --table NUMBER      ${tables.map(({ number }) => number).join(', ')}
  --figure NUMBER     ${figures.map(({ number }) => number).join(', ')}
  --preset NAME       ${presetNames.join(', ')} (default: scenes)
  --data FOLDER       folder of the data set; all presets but scenes need it
  --seeds NUMBERS     seeds with commas between (default: 0)
  --out FOLDER        folder of runs, tables and figures (default: runs/PRESET)
  --iterations NUMBER another length than the preset's; phases and warm-up keep their shares
  --set KEY=VALUE     a setting over every run's configuration, such as behavior=reference; may be given several times
  --help              print this

Presets: ${presetNames.map((name) => `${name} (${presets[name].says})`).join('; ')}.
Ctrl-C saves; the same command goes on. Runs that tables and figures share are trained once.

Exit status: 0 done, 1 not done, 2 wrong arguments, 130 interrupted.`;

/** What the words of a command line say; undefined: they ask for help. @throws one line where they make no sense */
export function optionsOf(words: readonly string[]): Options | undefined {
  const { table, figure, preset: name, data, seeds, out, iterations, set, help: asks } = parsed(words);
  if (asks) return undefined;
  if ((table === undefined) === (figure === undefined))
    throw new UserError('Name one of --table and --figure, such as --table 4; --help lists them.');
  if (!presetNames.includes(name as PresetName))
    throw new UserError(`--preset ${name}: choose among ${presetNames.join(', ')}.`);
  const preset = presets[name as PresetName];
  if (preset.needsData && data === undefined)
    throw new UserError(`--preset ${name}: name the folder of its data set with --data.`);
  if (!preset.needsData && data !== undefined)
    throw new UserError(
      `--data ${data}: the preset ${name} draws its images; leave it out, or choose another preset.`,
    );
  if (data !== undefined && kindOf(data) !== 'folder')
    throw new UserError(`--data ${data}: no such folder; name the one of the data set.`);
  if (out !== undefined && kindOf(out) === 'file')
    throw new UserError(`--out ${out}: is a file, or lies below one; name a folder.`);
  if (set.some((word) => /^seed\s*=/.test(word)))
    throw new UserError('--set seed: every run would be of that seed; name seeds with --seeds.');
  return {
    ...(table !== undefined && { table: numbered('--table', table, tables) }),
    ...(figure !== undefined && { figure: numbered('--figure', figure, figures) }),
    ...{ preset, data, set },
    seeds: seedsOf(seeds),
    out: out ?? join('runs', preset.name),
    iterations: iterations === undefined ? undefined : wholeNumber('--iterations', iterations, 1),
  };
}

function parsed(words: readonly string[]) {
  return parsedWords({
    args: [...words],
    options: {
      table: { type: 'string' },
      figure: { type: 'string' },
      data: { type: 'string' },
      out: { type: 'string' },
      iterations: { type: 'string' },
      preset: { type: 'string', default: 'scenes' },
      seeds: { type: 'string', default: '0' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

/** What a path is of, where it is there; one that goes through a file counts as a file. */
function kindOf(path: string): 'folder' | 'file' | undefined {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'file' : undefined;
  }
}

function numbered<T extends { readonly number: number }>(option: string, text: string, all: readonly T[]): T {
  const found = all.find(({ number }) => String(number) === text);
  if (found !== undefined) return found;
  throw new UserError(`${option} ${text}: choose among ${all.map(({ number }) => number).join(', ')}.`);
}

function seedsOf(text: string): number[] {
  const seeds = text.split(',').map((word) => wholeNumber('--seeds', word, 0));
  if (new Set(seeds).size === seeds.length) return seeds;
  throw new UserError(`--seeds ${text}: names a seed twice; a run of it says the same again.`);
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new UserError(`${option} ${text}: give a whole number, ${least} or more.`);
}
