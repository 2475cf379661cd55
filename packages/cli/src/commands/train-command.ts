import { loadBackbone, loadNetworkModule } from '@toco/weights';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type Config,
  hasRun,
  interruption,
  loadConfig,
  readRunConfig,
  resumeCommand,
  resumedConfig,
  runFiles,
  train,
  type TrainResult,
} from '@toco/trainer';
import { formatProfile } from '../tables/format-profile.js';
import { endWithLauncher } from '../launch/launch.js';
import { profileTraining } from '../profile/profile-training.js';
import { counted, printLine as print, UserError } from '@toco/files';
import { clusterOfEnvironment } from '@toco/runtime';

interface TrainFlags {
  readonly config?: string;
  readonly set: string[];
  readonly out: string;
  readonly backbone?: string;
  readonly network?: string;
  readonly data?: string;
  readonly resume?: boolean | string;
  readonly profile?: boolean;
}

/** Adds `toco train`. */
export function addTrainCommand(program: Command): void {
  program
    .command('train')
    .description('train ToCo on photographs with image-level labels')
    .option(
      '-c, --config <file>',
      'YAML file with what differs from the defaults; with --resume, from the run',
    )
    .option('-s, --set <key=value...>', 'single settings over the file, e.g. optimizer.lr=3e-5', [])
    .option('-o, --out <folder>', 'folder of the run', 'runs/toco')
    .option('-d, --data <folder>', 'folder of the data set (data.root)')
    .option('-b, --backbone <file>', 'JavaScript module that exports a "backbone" of your own')
    .option('--network <file>', 'JavaScript module that exports a function "network" of your own')
    .option(
      '-r, --resume [auto]',
      'resume the run in --out, with the configuration that it was trained with; auto: resume if there is a run, else start it',
    )
    .option(
      '--profile',
      'train a few iterations and print where the time goes: stages of the step, loader; writes no run',
    )
    .addHelpText(
      'after',
      `
Examples:
  toco train --config toco.yaml --out runs/photos              a configuration that toco init wrote
  toco train --config toco.yaml --set batchSize=2 optimizer.lr=3e-5 --out runs/slow
  toco train --resume --out runs/photos                        continues where it stopped
  toco train --config toco.yaml --profile                      where the time goes; trains nothing`,
    )
    .action(async (flags: TrainFlags) => {
      const signal = flags.profile ? undefined : interruption(print);
      endWithLauncher();
      const resume = resumeOf(flags);
      const cluster = clusterOfEnvironment(process.env);
      const config = await configOf(flags);
      const options = {
        folder: flags.out,
        ...{ resume, cluster },
        print,
        advice: 'command' as const,
        backbone: flags.backbone === undefined ? undefined : await loadBackbone(flags.backbone),
        network: flags.network === undefined ? undefined : await loadNetworkModule(flags.network),
      };
      if (signal === undefined) {
        if (cluster) throw new UserError('--profile measures one process: unset TF_CONFIG, or leave it out.');
        process.stdout.write(
          `${formatProfile(await profileTraining(config, { ...options, resume: resume === true }))}\n`,
        );
        return;
      }
      let result: TrainResult;
      try {
        result = await train(config, { ...options, signal });
      } catch (error) {
        process.exitCode = 1;
        throw error;
      }
      const leads = (cluster?.rank ?? 0) === 0;
      if (leads && result.checkpoint !== '') process.stdout.write(`${result.checkpoint}\n`);
      if (!result.interrupted) {
        // A signal that came too late interrupted nothing.
        process.exitCode = 0;
        return;
      }
      // Another of several processes was told to stop: not done, whatever its own signals were.
      process.exitCode ??= 143;
      print(stopped(flags.out, result));
      // A download that was interrupted would keep the process until its end.
      process.exit();
    });
}

/** The configuration of a new run, or of one that is resumed, with what the command line says over it. */
async function configOf(flags: TrainFlags): Promise<Config> {
  const { out, config, set, data, backbone, network } = flags;
  const settings = [
    ...set,
    ...(data === undefined ? [] : [`data.root=${JSON.stringify(data)}`]),
    // Remembered by the run, so that whoever resumes or evaluates it need not name it again.
    ...(backbone === undefined ? [] : [`backbone.module=${JSON.stringify(resolve(backbone))}`]),
    ...(network === undefined ? [] : [`network.module=${JSON.stringify(resolve(network))}`]),
  ];
  const resume = resumeOf(flags);
  return resume === true || (resume === 'auto' && (await hasRun(out)))
    ? resumedConfig(await readRunConfig(out, 'command'), { file: config, settings })
    : loadConfig(config, settings);
}

/** What `--resume` says. */
function resumeOf({ resume = false }: TrainFlags): boolean | 'auto' {
  if (typeof resume === 'boolean' || resume === 'auto') return resume as boolean | 'auto';
  throw new UserError(
    `--resume ${resume}: write --resume alone, or --resume auto; the folder of the run is --out.`,
  );
}

function stopped(folder: string, { iterations, checkpoint }: TrainResult): string {
  if (!existsSync(runFiles(folder).config)) return 'Stopped before the run began; nothing was written.';
  const when =
    checkpoint === '' ? 'before the first iteration was saved' : `after ${counted(iterations, 'iteration')}`;
  const how = resumeCommand(folder);
  return how === '' ? `Stopped ${when}.` : `Stopped ${when}; resume with: ${how}`;
}
