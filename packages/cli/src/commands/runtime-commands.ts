import type { Command } from 'commander';
import { doctor, formatReport, setup } from '@toco/runtime';
import { UserError } from '@toco/files';
import { loadConfig } from '@toco/trainer';
import { formatTried, isRight, tryStep } from '../try/try-step.js';

interface SetupFlags {
  readonly gpu?: boolean;
  readonly cpu?: boolean;
  readonly cuda: boolean;
  readonly library?: string;
}

/**
 * Adds `setup` and `doctor` to a command of commander's; the trainer's `toco` has them this way too.
 *
 * @example
 * ```ts
 * await addRuntimeCommands(new Command('mine')).parseAsync();
 * ```
 */
export function addRuntimeCommands(program: Command): Command {
  program
    .command('setup')
    .description('install TensorFlow into the cache shared by all projects')
    .option('--gpu', 'the library for NVIDIA GPUs, with CUDA (default if a driver is present)')
    .option('--cpu', 'the library for the CPU')
    .option('--no-cuda', "leave CUDA out of the GPU library's installation and use the system's")
    .option('--library <folder>', 'use the libtensorflow_cc.so.2 of this folder')
    .addHelpText('after', '\nExample: once per machine, before the first training:\n  toco setup')
    .action(async ({ gpu, cpu, cuda, library }: SetupFlags) => {
      if (gpu && cpu) throw new UserError('--gpu and --cpu exclude each other: give one of them, or none.');
      await setup({ device: gpu ? 'gpu' : cpu ? 'cpu' : 'auto', cuda, library });
    });
  program
    .command('doctor')
    .description('print versions and devices, and what is missing with the command that fixes it')
    .option('--json', 'print the report as JSON')
    .option(
      '--try',
      'take a training step of a small network, compare its losses with recorded ones, time it',
    )
    .option(
      '-s, --set <key=value...>',
      'with --try: settings of the engine, e.g. engine.device=gpu engine.precision=bf16',
      [],
    )
    .addHelpText(
      'after',
      '\nExamples:\n  toco doctor\n  toco doctor --try --set engine.precision=bf16   a training step in bfloat16: right losses? how fast?',
    )
    .action(async ({ json, try: tries, set }: { json?: boolean; try?: boolean; set: string[] }) => {
      const stray = set.find((setting) => !setting.startsWith('engine.'));
      if (stray !== undefined)
        throw new UserError(`--set ${stray}: doctor takes settings of the engine alone.`);
      if (set.length > 0 && !tries) throw new UserError('--set says how the step is tried: add --try.');
      const report = await doctor();
      if (!json) process.stdout.write(`${formatReport(report)}\n`);
      const { engine } = await loadConfig(undefined, set);
      const tried = tries && report.problems.length === 0 ? await tryStep(engine) : undefined;
      if (json) process.stdout.write(`${JSON.stringify({ ...report, tried }, null, 2)}\n`);
      else if (tried) process.stdout.write(`\n${formatTried(tried)}\n`);
      if (report.problems.length > 0 || (tried && !isRight(tried))) process.exitCode = 1;
    });
  return program;
}
