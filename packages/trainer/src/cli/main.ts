#!/usr/bin/env node
import { Command } from 'commander';
import { stringify } from 'yaml';
import { addRuntimeCommands } from '@toco/runtime';
import { loadConfig } from '../config/load-config.js';
import { addCheckCommand } from './check-command.js';
import { addConvertCommand } from './convert-command.js';
import { addEvaluateCommand } from './evaluate-command.js';
import { addExportCommand } from './export-command.js';
import { addPrepareCommand } from './prepare-command.js';
import { outliveClosedOutput } from './closed-output.js';
import { addTrainCommand } from './train-command.js';

const program = new Command('toco')
  .description('Token Contrast: weakly-supervised semantic segmentation from image-level labels')
  .showHelpAfterError('(add --help for all options)');

addPrepareCommand(program);
addCheckCommand(program);
addTrainCommand(program);
addEvaluateCommand(program);
addExportCommand(program);
addConvertCommand(program);
program
  .command('config')
  .description('print the whole configuration, defaults filled in')
  .option('-c, --config <file>', 'YAML file with what differs from the defaults')
  .option('-s, --set <key=value...>', 'single settings over the file', [])
  .action(async ({ config, set }: { config?: string; set: string[] }) => {
    process.stdout.write(stringify(await loadConfig(config, set)));
  });
addRuntimeCommands(program);

outliveClosedOutput();

// The single door where errors leave: a user's mistake is one line, a fault of ours shows its stack when asked for.
try {
  await program.parseAsync();
} catch (error) {
  const { message, stack } = error as Error;
  process.stderr.write(`${process.env['TOCO_DEBUG'] ? (stack ?? message) : message}\n`);
  process.exitCode ??= 1;
}
