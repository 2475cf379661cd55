import { mkdir, rm, statfs, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { provideBinding } from './binding.js';
import { cacheFolder } from '@toco/files';
import { downloadWheel } from './download-wheel.js';
import { UserError } from '@toco/files';
import {
  customEngineName,
  customLibrary,
  engineNames,
  enginePath,
  findEngine,
  setupCommand,
  type Engine,
} from './engine.js';
import { denseCrfModule } from './dense-crf-module.js';
import { installFolder } from './install-folder.js';
import { installKernels } from './kernels.js';
import { installModule } from './native-module.js';
import { installNodePackage } from './node-package.js';
import { cudaWheels, tensorflowVersion, tensorflowWheels, type EngineSource } from './pinned.js';
import { nvidiaDriver, supportedPlatform } from './platform.js';
import { printToStderr, type Print } from './progress.js';
import { readableBytes } from '@toco/files';
import { assertTrusted } from './trusted.js';
import { unpackWheel } from './unpack-wheel.js';

/** What {@link setup} installs. */
export interface SetupOptions {
  /** `auto` takes the GPU engine where an NVIDIA driver is present. */
  readonly device?: 'auto' | 'cpu' | 'gpu' | undefined;
  /** Whether the GPU engine brings CUDA and cuDNN (2.8 GB to download); without them, those of the system are used. */
  readonly cuda?: boolean | undefined;
  /** A folder with a libtensorflow of the user's own instead; default: the environment's `TOCO_LIBTENSORFLOW`. */
  readonly library?: string | undefined;
  /** Takes the lines that tell what is done; default: stderr. */
  readonly print?: Print | undefined;
}

/**
 * Installs what {@link initBackend} loads: tfjs-node-gpu without its install script, libtensorflow from the official wheel
 * through the user's pip, checked by hash, and the binding. Everything lies in {@link cacheFolder}, shared by all projects;
 * what is whole there already is left alone, so a second call takes milliseconds.
 *
 * @throws UserError with one sentence: an unsupported platform, no pip, no network, a wrong hash, no space, no compiler.
 * @example
 * ```ts
 * await setup({ device: 'cpu' });
 * await initBackend();
 * ```
 */
export async function setup(options: SetupOptions = {}): Promise<Engine> {
  const { device = 'auto', cuda = true, library, print = printToStderr } = options;
  supportedPlatform();
  assertTrusted(cacheFolder(), ['engines']);
  const nodePackageFolder = await installNodePackage(print);
  const own = customLibrary(library);
  if (own !== undefined) {
    await installCustomEngine(own, nodePackageFolder, print);
    if (library !== undefined && !process.env['TOCO_LIBTENSORFLOW']) {
      print(`Set TOCO_LIBTENSORFLOW=${own} for the programs that shall use this library.`);
    }
  } else {
    const gpu = device === 'gpu' || (device === 'auto' && nvidiaDriver() !== undefined);
    await installEngine(engineSource(gpu ? 'gpu' : 'cpu', cuda), print, (folder) =>
      provideBinding(folder, nodePackageFolder, print),
    );
  }
  const engine = findEngine(device, { library });
  if (!engine) throw new Error(`${setupCommand} left no engine`);
  await installKernels(dirname(engine.folder), print);
  await installModule(denseCrfModule, print);
  print(`TensorFlow is ready: ${engine.folder}`);
  return engine;
}

function engineSource(kind: 'cpu' | 'gpu', cuda: boolean): EngineSource {
  if (kind === 'cpu')
    return { name: engineNames.cpu[0], unpackedBytes: 0.86e9, wheels: [tensorflowWheels.cpu] };
  return cuda
    ? { name: engineNames.gpu[0], unpackedBytes: 5.8e9, wheels: [tensorflowWheels.gpu, ...cudaWheels] }
    : { name: engineNames.gpu[1], unpackedBytes: 1.3e9, wheels: [tensorflowWheels.gpu] };
}

/** Installs one engine from its wheels, each downloaded, checked, unpacked and removed in turn. */
export async function installEngine(
  { name, unpackedBytes, wheels }: EngineSource,
  print: Print,
  addBinding: (folder: string) => Promise<void>,
): Promise<void> {
  const target = enginePath(name);
  await installFolder(target, print, async (folder) => {
    await checkSpace(dirname(target), unpackedBytes + Math.max(...wheels.map(({ bytes }) => bytes)));
    for (const wheel of wheels) {
      const downloads = join(folder, 'download');
      await unpackWheel(await downloadWheel(wheel, downloads, print), folder, wheel.name, print);
      await rm(downloads, { recursive: true });
    }
    await addBinding(folder);
    const sources = Object.fromEntries(
      wheels.map((wheel) => [`${wheel.name}==${wheel.version}`, wheel.sha256]),
    );
    return { name, version: tensorflowVersion, sources };
  });
}

/**
 * Joins a library of the user's own with our binding. The folder is linked as a whole: the library's own search path
 * (`$ORIGIN/../nvidia/…`) then still leads to where the user has CUDA.
 */
async function installCustomEngine(own: string, nodePackageFolder: string, print: Print): Promise<void> {
  const name = customEngineName(own);
  await installFolder(enginePath(name), print, async (folder) => {
    await symlink(own, join(folder, 'tensorflow'));
    await provideBinding(folder, nodePackageFolder, print);
    return { name, version: 'custom', sources: { folder: own } };
  });
}

async function checkSpace(folder: string, bytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new UserError(
    `${folder} has ${readableBytes(free)} free, and the engine needs ${readableBytes(bytes)}: ` +
      'make room, or set TOCO_CACHE to a folder on another disk.',
  );
}
