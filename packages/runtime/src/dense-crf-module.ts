import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, fromPackage, nodeHeaders } from './binding.js';
import { instructionSets } from './kernels.js';
import type { NativeModule } from './native-module.js';
import { currentPlatform, isSupportedPlatform, supportedPlatform } from './platform.js';

const sourceFolder = fromPackage('native/crf');

const flags = [
  ...['-O3', '-fPIC', '-std=c++17', '-fvisibility=hidden', '-DNAPI_VERSION=8', '-fno-math-errno'],
  // The embedding of a pixel is single precision, operation by operation; what may be joined is written so.
  ...['-ffp-contract=off'],
];

/** Those of the kernels, of which bfloat16 brings nothing here; every processor with AVX2 converts 16-bit floats too. */
const sets = (): [string, readonly string[]][] => {
  if (!isSupportedPlatform()) return [];
  const platform = supportedPlatform();
  const halves = platform.endsWith('x64') ? ['-mf16c'] : [];
  return Object.entries(instructionSets[platform])
    .filter(([name]) => !name.endsWith('_bf16'))
    .map(([name, options]) => [name, [...options, ...halves]]);
};

/** The dense CRF: a module of its own, which needs no TensorFlow. */
export const denseCrfModule: NativeModule = {
  name: 'crf',
  file: 'toco_crf.node',
  sourceFolder,
  get flags() {
    return [flags, currentPlatform(), sets()];
  },
  announcement: 'Compiling the dense CRF with g++ (about 10 s)',
  async compile(folder) {
    const objects = [
      ...sets().map(([name, options]) => ({
        source: 'dense-crf.cc',
        name,
        options: [...options, `-DINSTRUCTION_SET=${name}`],
      })),
      {
        source: 'module.cc',
        name: 'module',
        options: ['-DNODE_GYP_MODULE_NAME=toco_crf', `-I${nodeHeaders()}`],
      },
    ];
    const path = (name: string): string => join(folder, 'objects', `${name}.o`);
    await mkdir(join(folder, 'objects'), { recursive: true });
    await Promise.all(
      objects.map(({ source, name, options }) =>
        compile([...flags, ...options, '-c', join(sourceFolder, source), '-o', path(name)]),
      ),
    );
    const output = join(folder, denseCrfModule.file);
    await compile(['-shared', ...objects.map(({ name }) => path(name)), '-s', '-o', output]);
    await rm(join(folder, 'objects'), { recursive: true });
  },
};
