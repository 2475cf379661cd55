/**
 * The one file that knows the inside of tfjs-node: which of its modules make a backend, what its binding offers, what Node
 * must still have for it, how libtensorflow is kept quiet. Checked against tfjs-node-gpu 4.22.0 and libtensorflow 2.21.0.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as TensorFlow from '@tensorflow/tfjs';
import { UserError } from '@toco/files';
import { setupCommand, type Engine } from './engine.js';
import { findNodePackage, handedIn, handedInKey } from './node-package.js';

/** What the C library is told through the environment before it is loaded. */
export interface LoadOptions {
  readonly device: 'auto' | 'cpu' | 'gpu';
  /** Environment variables of TensorFlow and CUDA. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether TensorFlow's own lines may reach stderr while it is loaded. */
  readonly showLog: boolean;
}

/** What the loaded library says about itself. */
export interface LoadedTensorflow {
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
}

interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

interface NativeProcess {
  setEnvironment(name: string, value: string): void;
  holdStderr(): void;
  releaseStderr(): string;
}

const require = createRequire(import.meta.url);

/** Loads an engine and registers it as the backend "tensorflow" of the project's TensorFlow.js, without making it active. */
export function loadTensorflow(engine: Engine, options: LoadOptions): LoadedTensorflow {
  const folder = findNodePackage();
  if (folder === undefined) {
    throw new UserError(`tfjs-node-gpu is not in the cache any more: run "${setupCommand}".`);
  }
  const binding = loadBinding(engine, options);
  const device = binding.isUsingGpuDevice() ? 'gpu' : 'cpu';
  if (options.device === 'gpu' && device !== 'gpu') {
    throw new UserError(
      `TensorFlow can't use the GPU${reasonAgainstGpu(engine)}: update the NVIDIA driver, check nvidia-smi and CUDA_VISIBLE_DEVICES, ` +
        'or ask for the device "cpu".',
    );
  }
  registerBackend(folder, binding);
  answerLookUp(folder, engine.binding);
  return { version: binding.TF_Version, device };
}

/** TensorFlow.js whole: tfjs-core's gradients can't be had alone on Node, whose loader does not find tfjs-core's inner files. */
export function loadTensorflowJs(): typeof TensorFlow {
  return require('@tensorflow/tfjs') as typeof TensorFlow;
}

function loadBinding(engine: Engine, { environment, showLog }: LoadOptions): Binding {
  let native: NativeProcess | undefined;
  let log = '';
  try {
    native = require(engine.process) as NativeProcess;
    for (const [name, value] of Object.entries(environment)) {
      native.setEnvironment(name, value);
      process.env[name] = value; // a worker's, or a test runner's, is a copy
    }
    if (!showLog) native.holdStderr();
    const binding = require(engine.binding) as Binding;
    log = native.releaseStderr();
    return binding;
  } catch (error) {
    log = native?.releaseStderr() ?? '';
    const message = (error as Error).message.split('\n')[0];
    throw new UserError(
      `libtensorflow could not be loaded from ${engine.folder} (${message}): run "${setupCommand}", or check TOCO_LIBTENSORFLOW.`,
    );
  } finally {
    // Held were all writers, so what is not TensorFlow's goes on to the user.
    const others = log.split('\n').filter((line) => line.trim() !== '' && !isLogLine(line));
    if (others.length > 0) process.stderr.write(`${others.join('\n')}\n`);
  }
}

function isLogLine(line: string): boolean {
  return (
    /^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: )?[IWEF]\d* /.test(line) ||
    line.startsWith('WARNING: All log messages before absl') ||
    line.startsWith('To enable the following instructions')
  );
}

/** The library's own last complaint: it names it only while it is loaded, so another process loads it once more, aloud. */
function reasonAgainstGpu({ binding }: Engine): string {
  const { stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(binding)})`], {
    encoding: 'utf8',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  const complaint = stderr
    .split('\n')
    .filter((line) => /^E\d|: E /.test(line))
    .at(-1);
  return complaint ? ` (${complaint.replace(/^.*?\] /, '').slice(0, 300)})` : '';
}

function registerBackend(folder: string, binding: Binding): void {
  restoreUtil();
  const tf = loadTensorflowJs();
  const modules = Object.fromEntries(handedIn.map((name) => [name, require(name) as unknown]));
  (globalThis as Record<symbol, unknown>)[Symbol.for(handedInKey)] = modules;
  require(join(folder, 'dist/register_all_kernels.js'));
  const { NodeJSKernelBackend } = require(join(folder, 'dist/nodejs_kernel_backend.js')) as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => TensorFlow.KernelBackend;
  };
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'), 3);
}

/** tfjs-node calls two functions that Node 23 removed, and that warn of it on Node 22. */
function restoreUtil(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) return;
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  util['isArray'] = Array.isArray;
}

/**
 * Lets a program's own `import '@tensorflow/tfjs-node-gpu'` work after us: it asks `@mapbox/node-pre-gyp` where its binding
 * is, and for that one package the answer is ours. Every other question goes to the real module, loaded then.
 */
function answerLookUp(folder: string, bindingPath: string): void {
  const fromPackage = createRequire(join(folder, 'package.json'));
  let path: string;
  try {
    path = fromPackage.resolve('@mapbox/node-pre-gyp');
  } catch {
    return; // The copy in the cache: nobody imports it whole.
  }
  // A test runner has a registry of its own instead of this cache.
  if (typeof fromPackage.cache !== 'object' || fromPackage.cache[path] !== undefined) return;
  const own = join(folder, 'package.json');
  if (existsSync(join(folder, 'lib'))) return; // A binding of its own.
  let real: Record<string | symbol, unknown> | undefined;
  const load = (): Record<string | symbol, unknown> => {
    if (real) return real;
    delete fromPackage.cache[path];
    return (real = fromPackage(path) as Record<string | symbol, unknown>);
  };
  const find = (packageFile: string, ...rest: unknown[]): unknown =>
    packageFile === own
      ? bindingPath
      : (load()['find'] as (...args: unknown[]) => unknown)(packageFile, ...rest);
  const exports = new Proxy({}, { get: (_, key) => (key === 'find' ? find : load()[key]) });
  fromPackage.cache[path] = Object.assign(Object.create(null) as NodeJS.Module, {
    id: path,
    filename: path,
    loaded: true,
    exports,
  });
}
