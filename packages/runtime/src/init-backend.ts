import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '@toco/files';
import { type Cluster, splitAddress } from './cluster/cluster.js';
import { type OwnGpu, ownGpu } from './cluster/own-gpu.js';
import { customLibrary, findEngine, setupCommand, type Engine } from './engine.js';
import { registerFileModels } from './file-models.js';
import { loadKernels, type KernelsState } from './load-kernels.js';
import { loadTensorflow, loadTensorflowJs } from './load-tensorflow.js';
import { registerMatrixProducts } from './matrix-products.js';
import {
  currentPlatform,
  isSupportedPlatform,
  nvidiaDriver,
  nvidiaIds,
  supportedPlatform,
} from './platform.js';
import { printToStderr, type Print } from './progress.js';
import { registerWasmProducts } from './wasm-products.js';

/** Name of a TensorFlow.js backend that {@link initBackend} can make active. */
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** What {@link initBackend} is asked for. */
export interface BackendOptions {
  /**
   * `auto`: TensorFlow where it is installed, else wasm where that package is, else cpu; the printed line says which, and why
   * not TensorFlow.
   */
  readonly backend?: 'auto' | BackendName | undefined;
  /** `auto`: the GPU where TensorFlow finds one. `gpu` never falls back. */
  readonly device?: 'auto' | 'cpu' | 'gpu' | undefined;
  /** Cores that TensorFlow's operations may keep busy; default: `TF_NUM_INTRAOP_THREADS`, else all. */
  readonly threads?: number | undefined;
  /** Takes GPU memory as it is needed instead of nearly all at the start; default true. */
  readonly memoryGrowth?: boolean | undefined;
  /** Lets Ampere and later GPUs multiply with 10-bit mantissas (relative error 1e-3); default true, as TensorFlow does. */
  readonly tf32?: boolean | undefined;
  /** Which of TensorFlow's own lines reach stderr; default: `TF_CPP_MIN_LOG_LEVEL`, else `silent` (its errors are thrown anyway). */
  readonly logLevel?: 'info' | 'warning' | 'error' | 'silent' | undefined;
  /** A folder with a libtensorflow of one's own; default: the environment's `TOCO_LIBTENSORFLOW`. */
  readonly library?: string | undefined;
  /**
   * The processes that train together, if any: each takes a GPU of its own where its host has one for each, and TensorFlow's servers
   * go past a proxy, through which they would wait for ever.
   */
  readonly cluster?: Cluster | undefined;
  /** Takes the line that says what was chosen; default: stderr. */
  readonly print?: Print | undefined;
}

/** What {@link initBackend} chose. */
export interface BackendInfo {
  /** Name of the TensorFlow.js backend that is now active. */
  readonly backend: BackendName;
  readonly device: 'cpu' | 'gpu';
  /** Version of libtensorflow, or of the backend's npm package. */
  readonly version: string;
  /** What tells the GPU of one of several processes apart from those of the others; undefined elsewhere, and where nobody knows. */
  readonly gpu?: string;
  /** Threads of the operations. */
  readonly threads: number;
  /** Instructions that our kernels use (`amx_bf16`, `avx512_bf16`, `avx512`, `avx2`, `neon`); undefined where TensorFlow computes without them. */
  readonly kernels?: string;
  /** Whether our kernels compute products of bfloat16 too; undefined where TensorFlow computes without them. */
  readonly tileProducts?: boolean;
  /** All of it in one line, as it was printed. */
  readonly description: string;
}

/** The library that {@link initBackend} loaded. */
export interface EngineLibrary extends Engine {
  /** Version that the library itself gives, such as `2.21.0`. */
  readonly version: string;
}

interface Loaded {
  readonly info: BackendInfo;
  readonly library?: EngineLibrary;
}

// One process has one engine: libtensorflow reads its settings once and can't be unloaded.
let loaded: Loaded | undefined;

/**
 * Makes a backend of TensorFlow.js ready and active, with tfjs-core's kernels and gradients, and prints in one line which it
 * is. Called again it returns the same; asked then for something else it throws, since a loaded library keeps its settings.
 *
 * @throws UserError with one sentence where what was asked for can't be had: nothing is replaced by something slower unless
 * the choice was left to us (`auto`).
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { initBackend } from '@toco/runtime';
 *
 * await initBackend({ backend: 'tensorflow' });
 * tf.matMul([[1, 2]], [[3], [4]]).print(); // [[11],]
 * ```
 */
export async function initBackend(options: BackendOptions = {}): Promise<BackendInfo> {
  const { print = printToStderr } = options;
  if (!loaded) {
    loaded = await load(options);
    registerFileModels();
    print(loaded.info.description);
  }
  checkStillFits(loaded.info, options);
  await tf.setBackend(loaded.info.backend);
  await tf.ready();
  return loaded.info;
}

/**
 * What {@link initBackend} chose in this process; undefined before it was called. Loads nothing.
 *
 * @example
 * ```ts
 * console.log(`computed on ${loadedBackend()?.threads} threads`);
 * ```
 */
export function loadedBackend(): BackendInfo | undefined {
  return loaded?.info;
}

/**
 * The libtensorflow that is loaded, for code that calls its C functions itself.
 *
 * @throws UserError before `initBackend()`, or where it chose another backend.
 * @example
 * ```ts
 * await initBackend({ backend: 'tensorflow' });
 * const library = koffi.load(engineLibrary().libtensorflow);
 * ```
 */
export function engineLibrary(): EngineLibrary {
  if (loaded?.library) return loaded.library;
  const now = loaded ? `the backend is "${loaded.info.backend}"` : 'nothing is loaded yet';
  throw new UserError(
    `libtensorflow is needed, but ${now}: call initBackend({ backend: 'tensorflow' }) first.`,
  );
}

async function load(options: BackendOptions): Promise<Loaded> {
  const { backend = 'auto', device = 'auto', library } = options;
  if (device === 'gpu' && backend !== 'auto' && backend !== 'tensorflow') {
    throw new UserError(`The backend "${backend}" has no GPU: ask for the backend "tensorflow".`);
  }
  if (tf.findBackendFactory('tensorflow') != null) {
    throw new UserError(
      'This program has loaded tfjs-node itself: remove that import, or put it after initBackend(), which brings a current TensorFlow.',
    );
  }
  if (backend === 'wasm') return loadWasm();
  if (backend === 'cpu') return loadCpu();
  if (backend === 'tensorflow' || device === 'gpu' || customLibrary(library) !== undefined)
    return loadEngine(options);
  if (!isSupportedPlatform())
    return chooseWithoutEngine(`there is no TensorFlow engine for ${currentPlatform()}`);
  return findEngine()
    ? loadEngine(options)
    : chooseWithoutEngine(`TensorFlow is many times faster: ${setupCommand}`);
}

async function loadEngine(options: BackendOptions): Promise<Loaded> {
  const { device = 'auto', library, cluster } = options;
  supportedPlatform();
  const gpus = { visible: process.env['CUDA_VISIBLE_DEVICES'], ids: cluster ? await nvidiaIds() : [] };
  const gpu = cluster && device !== 'cpu' ? ownGpu(cluster, gpus) : {};
  const { threads, environment } = engineEnvironment(options, gpu);
  if (device === 'gpu' && nvidiaDriver() === undefined) {
    throw new UserError(
      'The GPU was asked for, but there is no NVIDIA driver (/proc/driver/nvidia is missing): install it, or ask for the device "cpu".',
    );
  }
  const engine = findEngine(device, { library });
  if (!engine) {
    const flag = device === 'auto' ? '' : ` --${device}`;
    throw new UserError(
      `TensorFlow is not installed${device === 'gpu' ? ' for the GPU' : ''}: run "${setupCommand}${flag}".`,
    );
  }
  const found = loadTensorflow(engine, {
    device,
    environment,
    showLog: environment['TF_CPP_MIN_LOG_LEVEL'] === '0',
  });
  const { version } = found;
  const kernels = found.device === 'cpu' ? loadKernels(threads) : undefined;
  registerMatrixProducts();
  const place = found.device === 'gpu' ? `the GPU, tf32 ${options.tf32 === false ? 'off' : 'on'}` : 'the CPU';
  const description = `Backend: tensorflow ${version} on ${place}, ${threads} thread${threads === 1 ? '' : 's'}${kernels ? `, ${describe(kernels)}` : ''} (${engine.folder})`;
  const used = kernels && 'instructions' in kernels ? kernels : undefined;
  return {
    info: {
      ...{ backend: 'tensorflow', device: found.device, version, threads, description },
      ...(used && { kernels: used.instructions, tileProducts: used.tileProducts }),
      ...(found.device === 'gpu' && gpu.id !== undefined && { gpu: gpu.id }),
    },
    library: { ...engine, version },
  };
}

function describe(kernels: KernelsState): string {
  if ('without' in kernels) return `no toco kernels (${kernels.without})`;
  const { instructions, tileProducts, passedOver } = kernels;
  return `kernels ${instructions}${tileProducts ? ' with products' : ''}${passedOver === undefined ? '' : `, ${passedOver}`}`;
}

function engineEnvironment(
  options: BackendOptions,
  gpu: OwnGpu,
): { threads: number; environment: Record<string, string> } {
  const { device = 'auto', memoryGrowth = true, tf32 = true, logLevel = 'silent' } = options;
  const level = process.env['TF_CPP_MIN_LOG_LEVEL'];
  const asked = options.threads ?? Number(process.env['TF_NUM_INTRAOP_THREADS'] ?? 0);
  if (!Number.isInteger(asked) || asked < 0) {
    throw new UserError(`The number of threads must be a whole number above zero, not ${asked}.`);
  }
  // What the environment says of operations side by side counts, unless the option says otherwise.
  const sideBySide = options.threads === undefined ? process.env['TF_NUM_INTEROP_THREADS'] : undefined;
  const environment: Record<string, string> = {
    TF_CPP_MIN_LOG_LEVEL:
      options.logLevel === undefined && level
        ? level
        : String(['info', 'warning', 'error', 'silent'].indexOf(logLevel)),
    TF_FORCE_GPU_ALLOW_GROWTH: String(memoryGrowth),
    // Within an operation and side by side: the one without the other would not keep to that many cores.
    ...(asked > 0 && {
      TF_NUM_INTRAOP_THREADS: String(asked),
      TF_NUM_INTEROP_THREADS: sideBySide ?? String(asked),
    }),
    // So that what is compiled can have as many threads to an operation as suit it (`threads.intra` of @toco/graph).
    TF_OVERRIDE_GLOBAL_THREADPOOL: '1',
    // By itself TensorFlow takes oneDNN only where the processor has AVX-512 with VNNI or the like. Without it, dilated
    // convolutions have no gradient on the CPU. On ARM64 it is for a few processors.
    ...(process.arch === 'x64' && { TF_ENABLE_ONEDNN_OPTS: process.env['TF_ENABLE_ONEDNN_OPTS'] ?? '1' }),
    ...(device === 'cpu' && { CUDA_VISIBLE_DEVICES: '-1' }),
    ...(gpu.visible !== undefined && { CUDA_VISIBLE_DEVICES: gpu.visible }),
    ...(!tf32 && { NVIDIA_TF32_OVERRIDE: '0' }),
    ...(options.cluster && {
      no_grpc_proxy: options.cluster.addresses.map((address) => splitAddress(address).host).join(),
    }),
  };
  return { threads: asked || availableParallelism(), environment };
}

async function chooseWithoutEngine(reason: string): Promise<Loaded> {
  const slower = await loadWasm().catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    return loadCpu();
  });
  const description = `${slower.info.description}; ${reason}`;
  return { info: { ...slower.info, description } };
}

async function loadWasm(): Promise<Loaded> {
  loadTensorflowJs();
  const { version_wasm: version } = await import('@tensorflow/tfjs-backend-wasm').catch(() => {
    throw new UserError(
      'The backend "wasm" is not installed: npm install @tensorflow/tfjs-backend-wasm@4.22.0',
    );
  });
  registerWasmProducts();
  const description = `Backend: wasm ${version}, 1 thread`;
  return { info: { backend: 'wasm', device: 'cpu', version, threads: 1, description } };
}

function loadCpu(): Loaded {
  const { version } = loadTensorflowJs();
  const description = `Backend: cpu ${version['tfjs-backend-cpu']} (plain JavaScript), 1 thread`;
  return {
    info: { backend: 'cpu', device: 'cpu', version: version['tfjs-backend-cpu'], threads: 1, description },
  };
}

function checkStillFits(
  info: BackendInfo,
  { backend = 'auto', device = 'auto', threads }: BackendOptions,
): void {
  const fits =
    (backend === 'auto' || backend === info.backend) &&
    (device === 'auto' || device === info.device) &&
    (threads === undefined || threads === info.threads);
  if (fits) return;
  throw new UserError(
    `This process has loaded another backend already (${info.description}): call initBackend once, before anything else.`,
  );
}
