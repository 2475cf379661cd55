#!/usr/bin/env node
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { doctor } from './doctor.js';
import { errorText, UserError } from '@toco/files';
import { formatReport } from './format-report.js';
import { setup } from './setup.js';

const usage = `toco-runtime: TensorFlow for @toco packages

  setup     install TensorFlow into the cache shared by all projects
    --gpu               the library for NVIDIA GPUs, with CUDA (default if a driver is present)
    --cpu               the library for the CPU
    --no-cuda           leave CUDA out of the GPU library's installation and use the system's
    --library <folder>  use the libtensorflow_cc.so.2 of this folder
  doctor    print versions and devices, and what is missing with the command that fixes it
    --json              print the report as JSON
`;

async function run(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  if (name === 'setup') {
    const { gpu, cpu, library, ...flags } = options(args, {
      gpu: { type: 'boolean' },
      cpu: { type: 'boolean' },
      'no-cuda': { type: 'boolean' },
      library: { type: 'string' },
    });
    if (gpu && cpu) throw new UserError('--gpu and --cpu exclude each other: give one of them, or none.');
    await setup({
      device: gpu ? 'gpu' : cpu ? 'cpu' : 'auto',
      cuda: flags['no-cuda'] !== true,
      library: typeof library === 'string' ? library : undefined,
    });
  } else if (name === 'doctor') {
    const { json } = options(args, { json: { type: 'boolean' } });
    const report = await doctor();
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
    if (report.problems.length > 0) process.exitCode = 1;
  } else if (name === '--version' || name === '-V') {
    const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
    process.stdout.write(`${version}\n`);
  } else if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage);
  } else {
    throw new UserError(`unknown command "${name}"; there are setup and doctor (--help says more).`);
  }
}

type Flags = Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>;

/** The options of a command. @throws UserError for one that it doesn't have; it names those that there are */
function options(args: string[], flags: Flags): Record<string, string | boolean | undefined> {
  const help = { help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values } = parseArgs({ args, options: { ...flags, ...help } });
    if (values.help !== true) return values as Record<string, string | boolean | undefined>;
  } catch (error) {
    const known = Object.keys(flags).map((name) => `--${name}`);
    // What parseArgs adds after a full stop speaks of positional arguments, which no command here takes.
    const [reason] = (error as Error).message.split('. ');
    throw new UserError(`${reason}; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}.`, {
      cause: error,
    });
  }
  process.stdout.write(usage);
  process.exit();
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = 1;
}
