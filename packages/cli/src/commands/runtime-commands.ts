import type { Command } from 'commander';
import { doctor, formatReport, setup } from '@toco/runtime';
import { UserError } from '@toco/files';

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
    .option('--gpu', 'the library for NVIDIA GPUs, with CUDA (default where a driver is present)')
    .option('--cpu', 'the library for the CPU')
    .option('--no-cuda', "leave CUDA out of the GPU library's installation and use the system's")
    .option('--library <folder>', 'use the libtensorflow_cc.so.2 of this folder')
    .action(async ({ gpu, cpu, cuda, library }: SetupFlags) => {
      if (gpu && cpu) throw new UserError('--gpu and --cpu exclude each other: give one of them, or none.');
      await setup({ device: gpu ? 'gpu' : cpu ? 'cpu' : 'auto', cuda, library });
    });
  program
    .command('doctor')
    .description('print versions, devices, what is missing and the command that mends it')
    .option('--json', 'print the report as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const report = await doctor();
      process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
      if (report.problems.length > 0) process.exitCode = 1;
    });
  return program;
}
