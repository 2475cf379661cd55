import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readableBytes } from '@toco/files';
import type { Precision } from '@toco/graph';
import { benchmarkConfig, type StepOptions } from './benchmark-config.js';
import { script, withInputs } from './with-inputs.js';

/** What is exported, and where to. */
export interface HloExportOptions extends StepOptions {
  readonly precision: Precision;
  readonly out: string;
  readonly print: (line: string) => void;
}

/** What a machine without a network may take. */
const mostBytes = 64e6;

/**
 * Writes a training step as HLO with all that is needed to take it elsewhere: a folder for a machine that has JAX, and maybe PyTorch,
 * but no TensorFlow, Node or network.
 *
 * @throws one line where the folder would be larger than 64 MB
 */
export async function exportHlo({ out, precision, print, ...options }: HloExportOptions): Promise<void> {
  const folder = resolve(out);
  await mkdir(join(folder, 'pytorch'), { recursive: true });
  print('tracing, compiling with XLA and taking the steps whose losses are recorded …');
  await withInputs(benchmarkConfig(options), (inputs) => {
    const flags = `--xla_dump_to=${join(folder, 'dump')} --xla_dump_hlo_as_proto --xla_dump_hlo_as_text`;
    // What is dumped is the module before it is optimized; the sooner the rest is done the better.
    const hasty = '--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true';
    execFileSync(process.execPath, [script('./hlo-step.js'), inputs, folder, precision], {
      env: { ...process.env, XLA_FLAGS: `${flags} ${hasty}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return Promise.resolve();
  });
  const python = dirname(script('../pytorch/contender.py'));
  for (const name of await readdir(python))
    if (/\.(?:py|cpp)$/.test(name)) await copyFile(join(python, name), join(folder, 'pytorch', name));
  await copyFile(script('../gpu/hlo.py'), join(folder, 'hlo.py'));

  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  if (bytes > mostBytes)
    throw new Error(
      `${folder} has ${readableBytes(bytes)}, more than ${readableBytes(mostBytes)}: choose a smaller --crop or --batch.`,
    );
  print(`${folder}: ${readableBytes(bytes)}. There: python hlo.py`);
}
