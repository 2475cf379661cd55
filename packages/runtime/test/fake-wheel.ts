import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineSource } from '../src/pinned.js';
import { built, start } from './run-node.js';

const program = `
import os, sys, zipfile
name = 'fakeflow-1.0-cp311-cp311-manylinux_2_27_x86_64.whl'
with zipfile.ZipFile(os.path.join(sys.argv[1], name), 'w', zipfile.ZIP_DEFLATED) as wheel:
    wheel.writestr('tensorflow/libtensorflow_cc.so.2', os.urandom(8_000_000))
    wheel.writestr('tensorflow/libtensorflow_framework.so.2', b'framework')
    wheel.writestr('tensorflow/python/not_wanted.py', b'')
    wheel.writestr('nvidia/cuda_nvcc/include/not_wanted.h', b'')
    tool = zipfile.ZipInfo('nvidia/cuda_nvcc/bin/ptxas')
    tool.external_attr = 0o755 << 16
    wheel.writestr(tool, b'tool')
    wheel.writestr('fakeflow-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: fakeflow\\nVersion: 1.0\\n')
    wheel.writestr('fakeflow-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nTag: cp311-cp311-manylinux_2_27_x86_64\\n')
    wheel.writestr('fakeflow-1.0.dist-info/RECORD', '')
`;

/** Makes a wheel of the same form as TensorFlow's in a folder that pip can take it from. */
export async function makeFakeWheel(folder: string): Promise<EngineSource> {
  await mkdir(folder, { recursive: true });
  const { code, stderr } = await start('python3', ['-c', program, folder]).ended;
  if (code !== 0) throw new Error(stderr);
  const bytes = await readFile(join(folder, 'fakeflow-1.0-cp311-cp311-manylinux_2_27_x86_64.whl'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    name: 'fake',
    unpackedBytes: 9e6,
    wheels: [{ name: 'fakeflow', version: '1.0', sha256, bytes: bytes.length }],
  };
}

/** A program that installs it with the built code; `wait` keeps it from finishing. */
export function installer(source: EngineSource, { wait = false } = {}): string {
  return `
    import { writeFile } from 'node:fs/promises';
    const { installEngine } = await import(${JSON.stringify(built('setup.js'))});
    try {
      await installEngine(${JSON.stringify(source)}, (line) => console.log(line), async (folder) => {
        await writeFile(folder + '/tfjs_binding.node', 'binding');
        console.log('binding');
        ${wait ? 'await new Promise((resolve) => setTimeout(resolve, 1e6));' : ''}
      });
      console.log('done');
    } catch (error) {
      console.error(error.name + ': ' + error.message);
      process.exitCode = 1;
    }`;
}

/** Where pip and the cache are led. */
export function onlyFrom(wheels: string, cache: string): Record<string, string> {
  return { TOCO_CACHE: cache, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels };
}

/** Empties a folder. */
export async function clear(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
