import type { Command } from 'commander';
import { launch } from '../launch/launch.js';
import { wholeNumber } from './whole-number.js';

/** Adds `toco launch`. */
export function addLaunchCommand(program: Command): void {
  program
    .command('launch')
    .description('train in several processes on this host together')
    .requiredOption('-p, --processes <count>', 'how many: one per GPU, or per part of the cores')
    .argument('<command...>', 'what each of them runs: train --config voc.yaml --out runs/voc')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Example:
  toco launch --processes 2 train --config voc.yaml --out runs/voc     two processes, each with half of every batch`,
    )
    .action(async (command: string[], { processes }: { processes: string }) => {
      process.exitCode = await launch(command, wholeNumber('--processes', processes));
    });
}
