import { createRequire } from 'node:module';
import { Command, Help } from 'commander';
import { addRuntimeCommands } from './commands/runtime-commands.js';
import { addCheckCommand } from './commands/check-command.js';
import { addConfigCommand } from './commands/config-command.js';
import { addConvertCommand } from './commands/convert-command.js';
import { addEvaluateCommand } from './commands/evaluate-command.js';
import { addExportCommand } from './commands/export-command.js';
import { addInitCommand } from './commands/init-command.js';
import { addLabelCommand } from './commands/label-command.js';
import { addLaunchCommand } from './commands/launch-command.js';
import { addPredictCommand } from './commands/predict-command.js';
import { addPrepareCommand } from './commands/prepare-command.js';
import { addPublishCommand } from './commands/publish-command.js';
import { addShowCommand } from './commands/show-command.js';
import { addSubmitCommand } from './commands/submit-command.js';
import { addTrainCommand } from './commands/train-command.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

const afterHelp = `
Examples:
  toco init photos                                     write a configuration for your own folder
  toco train --config toco.yaml --out runs/photos
  toco predict runs/photos holiday/ --save labelme     masks that LabelMe opens
  toco COMMAND --help                                  all options of a command, with examples

Exit status, of every command:
  0    done
  1    not done, or a check that found errors; one line says what is wrong, where, and what to do
  3    done, except for images that can't be read, which are named (1 with --strict)
  129  stopped because its terminal was closed; run the same command, or the one that is printed, to continue
  130  the same, after Ctrl-C
  143  the same, after SIGTERM`;

const help = new Help();

/** The command `toco` with all that it knows, to be given arguments. */
export function tocoProgram(): Command {
  const program = new Command('toco')
    .description('Token Contrast: weakly-supervised semantic segmentation from image-level labels')
    .enablePositionalOptions()
    .version(version, '-V, --version', 'print the version')
    .showHelpAfterError('(add --help for all options)')
    // That nothing is set unless somebody sets it need not be said.
    .configureHelp({
      optionDescription: (option) => help.optionDescription(option).replace(' (default: [])', ''),
    });

  addInitCommand(program);
  addPrepareCommand(program);
  addCheckCommand(program);
  addTrainCommand(program);
  addLaunchCommand(program);
  addEvaluateCommand(program);
  addPredictCommand(program);
  addLabelCommand(program);
  addShowCommand(program);
  addSubmitCommand(program);
  addExportCommand(program);
  addPublishCommand(program);
  addConvertCommand(program);
  addConfigCommand(program);
  addRuntimeCommands(program);
  return program.addHelpText('after', afterHelp);
}
