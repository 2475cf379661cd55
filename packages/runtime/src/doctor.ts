import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '@toco/files';
import { customLibrary, findEngine, setupCommand, type Engine } from './engine.js';
import { denseCrfModule } from './dense-crf-module.js';
import { findKernels } from './kernels.js';
import { readManifest } from './manifest.js';
import { findModule } from './native-module.js';
import { findNodePackage } from './node-package.js';
import {
  currentPlatform,
  isDriverTooOld,
  isSupportedPlatform,
  nvidiaDevices,
  nvidiaDriver,
  oldestDriver,
  wasmRemedy,
} from './platform.js';
import { lastComplaint, runProgram } from './run-program.js';
import { UntrustedError, untrustedRemedy } from './trusted.js';

/** Something that is missing or wrong, and what fixes it. */
export interface Problem {
  readonly problem: string;
  /** A command to run, or a sentence where no command does it. */
  readonly remedy: string;
}

/** A folder of the cache. */
export interface CachedFolder {
  readonly name: string;
  readonly bytes: number;
  /** What is wrong with it; undefined where it is whole. */
  readonly damage?: string;
}

/** What {@link doctor} found. */
export interface DoctorReport {
  readonly versions: {
    readonly node: string;
    readonly runtime: string;
    readonly tfjs: string;
    readonly tensorflow?: string;
  };
  readonly platform: string;
  /** The device that TensorFlow computed on when it was tried; undefined where it could not be loaded. */
  readonly device?: 'cpu' | 'gpu';
  /** Instructions that our kernels use on the CPU; undefined where TensorFlow computes without them. */
  readonly kernels?: string;
  /** Version of the NVIDIA driver; undefined where there is none. */
  readonly driver?: string;
  /** Names and memory of the GPUs. */
  readonly gpus: readonly string[];
  readonly threads: number;
  /** Bytes of main memory. */
  readonly memory: { readonly total: number; readonly free: number };
  readonly cache: { readonly folder: string; readonly contents: readonly CachedFolder[] };
  /** Folder of the libtensorflow in use. */
  readonly library?: string;
  readonly problems: readonly Problem[];
}

/**
 * Looks at this machine and its installation, and tries the engine on a product of matrices in a process of its own.
 *
 * @example
 * ```ts
 * const report = await doctor();
 * console.log(formatReport(report));
 * process.exitCode = report.problems.length > 0 ? 1 : 0;
 * ```
 */
export async function doctor(): Promise<DoctorReport> {
  const problems: Problem[] = [];
  const note = (problem: string, remedy: string): void => void problems.push({ problem, remedy });
  const require = createRequire(import.meta.url);
  const versionOf = (name: string): string =>
    (require(`${name}/package.json`) as { version: string }).version;

  const driver = nvidiaDriver();
  // null: not there; undefined: refused, and that is noted.
  const attempt = <T>(find: () => T | undefined): T | null | undefined => {
    try {
      return find() ?? null;
    } catch (error) {
      const { message } = error as Error;
      const remedy = error instanceof UntrustedError ? untrustedRemedy : setupCommand;
      if (problems.every(({ problem }) => problem !== message)) note(message, remedy);
      return undefined;
    }
  };
  const engine = attempt(() => lookForEngine(note)) ?? undefined;
  if (isSupportedPlatform() && attempt(findNodePackage) === null)
    note('tfjs-node-gpu is not in the cache', setupCommand);
  if (engine && attempt(findKernels) === null)
    note('The kernels of this version are not installed', setupCommand);
  if (engine && findModule(denseCrfModule) === undefined)
    note('The native dense CRF of this version is not installed', setupCommand);
  const tried = engine && (await tryEngine(note));
  if (driver !== undefined && tried?.device === 'cpu' && engine?.kind !== 'custom') {
    note('There is an NVIDIA driver, but TensorFlow computes on the CPU', `${setupCommand} --gpu`);
  }
  if (driver !== undefined && isDriverTooOld(driver)) {
    note(
      `The NVIDIA driver ${driver} is older than CUDA 12`,
      `a driver from ${oldestDriver} on, from your distribution or NVIDIA`,
    );
  }
  const contents = cachedFolders();
  for (const { name, damage } of contents) {
    if (damage !== undefined && !engine) note(`${name} is damaged: ${damage}`, setupCommand);
  }
  checkSingleCore(note);

  return {
    versions: {
      node: process.versions.node,
      runtime: (require('../package.json') as { version: string }).version,
      tfjs: versionOf('@tensorflow/tfjs-core'),
      ...(tried && { tensorflow: tried.version }),
    },
    platform: currentPlatform(),
    ...(tried && { device: tried.device }),
    ...(tried?.kernels !== undefined && { kernels: tried.kernels }),
    ...(driver !== undefined && { driver }),
    gpus: await nvidiaDevices(),
    threads: availableParallelism(),
    memory: { total: totalmem(), free: freemem() },
    cache: { folder: cacheFolder(), contents },
    ...(engine && { library: engine.folder }),
    problems,
  };
}

type Note = (problem: string, remedy: string) => void;

function lookForEngine(note: Note): Engine | undefined {
  if (!isSupportedPlatform()) {
    note(`There is no TensorFlow engine for ${currentPlatform()}`, wasmRemedy);
    return undefined;
  }
  const engine = findEngine();
  if (!engine) {
    const own = customLibrary() === undefined ? '' : ' with the library that TOCO_LIBTENSORFLOW names';
    note(`TensorFlow is not installed${own}`, setupCommand);
  }
  return engine;
}

interface Tried {
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
  readonly kernels?: string;
}

/** Tries the engine in a process of its own: one that crashes does not take the report with it. */
async function tryEngine(note: Note): Promise<Tried | undefined> {
  const result = await runProgram(process.execPath, [fileURLToPath(new URL('./probe.js', import.meta.url))]);
  if (result.code === 0) return JSON.parse(result.stdout) as Tried;
  note(`TensorFlow could not be used: ${lastComplaint(result)}`, setupCommand);
  return undefined;
}

/** A second tfjs-core in the project would have tensors of its own, which ours can't use. */
function checkSingleCore(note: Note): void {
  const resolve = (from: string): string | undefined => {
    try {
      return realpathSync(createRequire(from).resolve('@tensorflow/tfjs-core'));
    } catch {
      return undefined;
    }
  };
  const [theirs, ours] = [resolve(join(process.cwd(), 'package.json')), resolve(import.meta.url)];
  if (theirs === undefined || theirs === ours) return;
  note(
    `This project has another @tensorflow/tfjs-core than @toco/runtime (${theirs})`,
    'npm install @tensorflow/tfjs-core@4.22.0 && npm dedupe',
  );
}

function cachedFolders(): CachedFolder[] {
  const folders = (parent: string, name: RegExp): string[] =>
    existsSync(parent)
      ? readdirSync(parent)
          .filter((entry) => name.test(entry))
          .map((entry) => join(parent, entry))
      : [];
  const root = cacheFolder();
  return [
    ...folders(root, /^(?:tfjs-node-gpu-[\d.]+|(?:kernels|crf)-[0-9a-f]+)$/),
    ...folders(join(root, 'engines'), /^(?!.*\.(?:partial-|lock))/),
  ].map((path) => {
    const manifest = readManifest(path);
    const name = basename(path);
    if (typeof manifest !== 'object') return { name, bytes: 0, damage: manifest ?? 'it is empty' };
    return { name, bytes: Object.values(manifest.files).reduce((sum, bytes) => sum + bytes, 0) };
  });
}
