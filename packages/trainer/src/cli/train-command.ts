import type { Command } from 'commander';
import { parse } from 'yaml';
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/load-config.js';
import { parseConfig } from '../config/parse-config.js';
import { formatProfile } from '../profile/format-profile.js';
import { profileTraining } from '../run/profile-training.js';
import { runFiles } from '../run/run-folder.js';
import { train } from '../run/train.js';
import { interruption } from './interruption.js';
import { printLine as print } from './print-line.js';
import { loadBackbone } from './load-backbone.js';

interface TrainFlags {
  readonly config?: string;
  readonly set: string[];
  readonly out: string;
  readonly backbone?: string;
  readonly data?: string;
  readonly resume?: boolean;
  readonly profile?: boolean;
}

/** Adds `toco train`. */
export function addTrainCommand(program: Command): void {
  program
    .command('train')
    .description('train ToCo on photographs with image-level labels')
    .option('-c, --config <file>', 'YAML file with what differs from the defaults')
    .option('-s, --set <key=value...>', 'single settings over the file, e.g. optimizer.lr=3e-5', [])
    .option('-o, --out <folder>', 'folder of the run', 'runs/toco')
    .option('-d, --data <folder>', 'folder of the data set (data.root)')
    .option('-b, --backbone <file>', 'JavaScript module that exports a "backbone" of your own')
    .option('-r, --resume', 'go on with the run in --out, with the configuration it was started with')
    .option(
      '--profile',
      'train a few iterations only and print where their time goes: stages of the step, loader; writes no run',
    )
    .action(async (flags: TrainFlags) => {
      const settings =
        flags.data === undefined ? flags.set : [...flags.set, `data.root=${JSON.stringify(flags.data)}`];
      const config = flags.resume
        ? await resumedConfig(flags.out, settings)
        : await loadConfig(flags.config, settings);
      const options = {
        folder: flags.out,
        resume: flags.resume ?? false,
        print,
        ...(flags.backbone !== undefined && { backbone: await loadBackbone(flags.backbone) }),
      };
      if (flags.profile) {
        process.stdout.write(`${formatProfile(await profileTraining(config, options))}\n`);
        return;
      }
      const result = await train(config, { ...options, signal: interruption(print) });
      if (result.interrupted) {
        print(
          `Stopped after ${result.iterations} iterations; go on with: toco train --resume --out ${flags.out}`,
        );
        process.exitCode = 130;
      }
      process.stdout.write(`${result.checkpoint}\n`);
    });
}

/** The configuration that a run was started with; single settings may still change. */
async function resumedConfig(
  folder: string,
  settings: readonly string[],
): Promise<ReturnType<typeof parseConfig>> {
  const { config: path } = runFiles(folder);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${folder}: no run here to resume (config.yaml is missing); check --out.`);
  });
  return settings.length === 0 ? parseConfig(parse(text), path) : loadConfig(path, settings);
}
