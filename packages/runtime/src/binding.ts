import { statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@toco/files';
import { supportedPlatform } from './platform.js';
import type { Print } from './progress.js';
import { isMissingProgram, lastComplaint, runProgram } from './run-program.js';

/** The two native modules of an engine: the binding of tfjs-node-gpu, and what prepares the process for it. */
export const nativeModules = { binding: 'tfjs_binding.node', process: 'toco_process.node' } as const;

/** Path of a file that comes with this package. */
export const fromPackage = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Folder of this package that holds the compiled modules for this platform; filled when it is packed. */
export function prebuiltFolder(): string {
  return fromPackage(join('prebuilt', supportedPlatform()));
}

/** Whether the compiled modules are there and not older than their sources. */
export function isPrebuilt(): boolean {
  const time = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
  const sources = Math.max(
    ...['process.cc', 'compatibility.cc'].map((name) => time(fromPackage(`native/${name}`))),
  );
  return Object.values(nativeModules).every((name) => time(join(prebuiltFolder(), name)) >= sources);
}

/** Puts the native modules into an engine's folder: the ones that came with this package, else compiled. */
export async function provideBinding(
  engineFolder: string,
  nodePackageFolder: string,
  print: Print,
): Promise<void> {
  if (isPrebuilt()) {
    for (const name of Object.values(nativeModules)) {
      await copyFile(join(prebuiltFolder(), name), join(engineFolder, name));
    }
    return;
  }
  print('Compiling the binding with g++ (about 10 s)');
  await compileBinding(engineFolder, nodePackageFolder);
}

/**
 * Compiles both modules on Node-API version 8, which every Node since 12.22 serves; the library is found beside the binding
 * (`tensorflow/`).
 */
export async function compileBinding(engineFolder: string, nodePackageFolder: string): Promise<void> {
  const library = join(engineFolder, 'tensorflow');
  const headers = join(library, 'include');
  if (!statSync(join(headers, 'tensorflow', 'c', 'c_api.h'), { throwIfNoEntry: false })) {
    throw new UserError(
      `${library} has no headers to compile the binding with: use an installed Python package of tensorflow ` +
        '(…/site-packages/tensorflow), or a packed @toco/runtime, which brings the binding ready.',
    );
  }
  const common = [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8', `-I${nodeHeaders()}`],
    fromPackage('native/compatibility.cc'),
  ];
  await compile([
    ...common,
    ...['-DNODE_GYP_MODULE_NAME=tfjs_binding', `-I${nodePackageFolder}`, `-I${headers}`],
    // the sources print their own path in messages: not the one of the machine that compiled them
    `-ffile-prefix-map=${nodePackageFolder}=tfjs-node-gpu`,
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(nodePackageFolder, 'binding', name)),
    ...[
      `-L${library}`,
      '-l:libtensorflow_cc.so.2',
      '-l:libtensorflow_framework.so.2',
      '-Wl,-rpath,$ORIGIN/tensorflow',
    ],
    ...['-o', join(engineFolder, nativeModules.binding)],
  ]);
  await compile([
    ...common,
    ...['-DNODE_GYP_MODULE_NAME=toco_process', fromPackage('native/process.cc')],
    ...['-o', join(engineFolder, nativeModules.process)],
  ]);
}

/** Folder of the headers of Node-API. */
export function nodeHeaders(): string {
  return join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
}

/** Runs g++, or the compiler that `TOCO_CXX` names (one for another processor, say). */
export async function compile(args: readonly string[]): Promise<void> {
  const compiler = process.env['TOCO_CXX'] ?? 'g++';
  const result = await runProgram(compiler, args).catch((error: unknown) => {
    if (!isMissingProgram(error)) throw error;
    throw new UserError(
      `${compiler} was not found, and this copy of @toco/runtime has no ready binding: install it (Debian: apt install g++).`,
    );
  });
  if (result.code !== 0)
    throw new UserError(`${compiler} could not compile the binding: ${lastComplaint(result)}`);
}
