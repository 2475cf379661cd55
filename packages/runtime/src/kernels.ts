import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { compile, fromPackage, nodeHeaders, prebuiltFolder } from './binding.js';
import { cacheFolder } from './cache.js';
import { EngineError } from './engine-error.js';
import { installFolder } from './install-folder.js';
import { readManifest } from './manifest.js';
import type { Print } from './progress.js';

/** What `TOCO_KERNELS` may be: the best instruction set to use, or none of our kernels. */
const choices = ['avx512_bf16', 'avx512', 'avx2', 'off'] as const;

const moduleName = 'toco_kernels.node';

// Flags of g++ by instruction set; code for each goes into the module, and the processor decides which is used.
const avx2 = ['-mavx2', '-mfma'];
const avx512 = [...avx2, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx512cd'];
export const instructionSets = { avx2, avx512, avx512_bf16: [...avx512, '-mavx512bf16'] };

export const flags = [
  ...['-O3', '-fPIC', '-std=c++17', '-fvisibility=hidden', '-DNAPI_VERSION=8'],
  ...['-ffp-contract=fast', '-fno-math-errno'], // products and sums in one instruction, roots without a look at errors
];

export const sourceFolder = fromPackage('native/kernels');

/** Name of what these sources and flags give; another version of this package has another beside it in the cache. */
function kernelsName(): string {
  const hash = createHash('sha256').update(JSON.stringify([instructionSets, flags]));
  for (const name of readdirSync(sourceFolder).sort()) hash.update(readFileSync(join(sourceFolder, name)));
  return `kernels-${hash.digest('hex').slice(0, 12)}`;
}

/** Folder of this package that holds the compiled kernels; filled when it is packed. */
function prebuiltKernels(): string {
  return join(prebuiltFolder(), kernelsName());
}

/** Whether the compiled kernels came with this package. */
export function arePrebuilt(): boolean {
  return existsSync(join(prebuiltKernels(), moduleName));
}

/** Compiles the kernels into this package, in place of those of an earlier version. */
export async function prebuildKernels(engineFolder: string): Promise<void> {
  for (const name of await readdir(prebuiltFolder()).catch(() => []))
    if (name.startsWith('kernels-')) await rm(join(prebuiltFolder(), name), { recursive: true });
  const folder = `${prebuiltKernels()}.partial`;
  await mkdir(folder, { recursive: true });
  await compileKernels(engineFolder, folder);
  await rename(folder, prebuiltKernels());
}

/** Puts the kernels into the cache: the ones that came with this package, else compiled. */
export async function installKernels(engineFolder: string, print: Print): Promise<void> {
  const name = kernelsName();
  await installFolder(join(cacheFolder(), name), print, async (folder) => {
    if (arePrebuilt()) {
      await copyFile(join(prebuiltKernels(), moduleName), join(folder, moduleName));
    } else {
      print('Compiling the kernels with g++ (about 10 s)');
      await compileKernels(engineFolder, folder);
    }
    return { name, version: '', sources: {} };
  });
}

async function compileKernels(engineFolder: string, folder: string): Promise<void> {
  const objects = [
    ...Object.entries(instructionSets).map(([name, options]) => ({
      source: 'attention.cc',
      object: `${name}.o`,
      options: [...options, `-DINSTRUCTION_SET=${name}`],
    })),
    ...['lattice', 'refine'].map((name) => ({ source: `${name}.cc`, object: `${name}.o`, options: avx2 })),
    ...['attention-operations', 'lattice-operation', 'refine-operation', 'register', 'module'].map(
      (name) => ({
        source: `${name}.cc`,
        object: `${name}.o`,
        options: ['-DNODE_GYP_MODULE_NAME=toco_kernels'],
      }),
    ),
  ];
  const path = (object: string): string => join(folder, 'objects', object);
  await mkdir(join(folder, 'objects'));
  await Promise.all(
    objects.map(({ source, object, options }) =>
      compile([
        ...flags,
        ...options,
        `-I${nodeHeaders()}`,
        ...['-c', join(sourceFolder, source), '-o', path(object)],
      ]),
    ),
  );
  await compile([
    ...['-shared', ...objects.map(({ object }) => path(object))],
    ...[`-L${join(engineFolder, 'tensorflow')}`, '-l:libtensorflow_framework.so.2'],
    ...['-s', '-o', join(folder, moduleName)],
  ]);
  await rm(join(folder, 'objects'), { recursive: true });
}

/** The installed kernels; undefined where those of this version are not. */
export function findKernels(): string | undefined {
  const folder = join(cacheFolder(), kernelsName());
  return typeof readManifest(folder) === 'object' ? join(folder, moduleName) : undefined;
}

interface KernelsModule {
  readonly register: (limit?: string) => string | null;
}

/** The parts of tfjs-node's backend that run an operation by its name. */
interface Operations {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL', number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly {
      readonly name: string;
      readonly type: number;
      readonly value: number | boolean | readonly number[];
    }[],
    inputs: readonly tf.TensorInfo[],
    count: number,
  ): tf.TensorInfo[];
}

/** What became of the kernels: the instructions that they use, or why they are not used. */
export type KernelsState = { readonly instructions: string } | { readonly without: string };

/**
 * Adds to the loaded TensorFlow, and to the backend "tensorflow", the operations that TensorFlow lacks on the CPU:
 * `TocoAttention`, its gradient, `TocoLatticeFilter` and `TocoRefine`.
 *
 * @param threads that one operation may use
 */
export function loadKernels(threads: number, setupCommand: string): KernelsState {
  const limit = process.env['TOCO_KERNELS'];
  if (limit && !(choices as readonly string[]).includes(limit)) {
    throw new EngineError(`TOCO_KERNELS is "${limit}": it may be ${choices.join(', ')}, or not be set.`);
  }
  if (limit === 'off') return { without: 'switched off by TOCO_KERNELS' };
  const path = findKernels();
  if (path === undefined) return { without: `not installed: run "${setupCommand}"` };
  const { register } = createRequire(import.meta.url)(path) as KernelsModule;
  const instructions = register(...(limit ? [limit] : []));
  if (instructions === null) return { without: 'this processor has no AVX2' };
  registerOperation('TocoAttention', ['qkv'], 2, threads);
  registerOperation('TocoAttentionGrad', ['qkv', 'output', 'logSums', 'dOutput'], 1, threads);
  registerOperation('TocoLatticeFilter', ['values', 'offsets', 'weights', 'neighbours'], 1, threads);
  registerOperation('TocoRefine', ['planes', 'weights'], 1, threads);
  return { instructions };
}

/** Lets TensorFlow.js run an operation of `count` outputs by `tf.engine().runKernel`; its attributes are switches and whole numbers. */
function registerOperation(
  kernelName: string,
  inputNames: readonly string[],
  count: number,
  threads: number,
): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const operations = backend as Operations;
    const { binding } = operations;
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: 1 }, // float32
      { name: 'threads', type: binding.TF_ATTR_INT, value: threads },
      ...Object.entries(attrs ?? {}).map(([name, value]) => ({
        name,
        type: typeof value === 'boolean' ? binding.TF_ATTR_BOOL : binding.TF_ATTR_INT,
        value: value as boolean | number | number[],
      })),
    ];
    const tensors = inputNames.map((name) => inputs[name]!);
    const outputs = operations.executeMultipleOutputs(kernelName, attributes, tensors, count);
    return count === 1 ? outputs[0]! : outputs;
  };
  tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc });
}
