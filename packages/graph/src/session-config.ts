import { messageBytes } from '@toco/formats';
import type { Cluster } from './cluster.js';
import { clusterConfig } from './cluster-server.js';

/** How much of the machine the engine takes, and how. Process-wide settings are marked. */
export interface EngineOptions {
  /**
   * Operations that run side by side (`inter`), and threads that each may use (`intra`). The default leaves both to
   * TensorFlow: one per core. `intra` needs `TF_OVERRIDE_GLOBAL_THREADPOOL=1` in the environment before TensorFlow is loaded, which
   * `initBackend` of `@toco/runtime` sees to.
   */
  readonly threads?: { readonly inter?: number | undefined; readonly intra?: number | undefined } | undefined;
  /** Where the function runs, e.g. `'/CPU:0'` or `'/GPU:1'`; TensorFlow chooses where missing. */
  readonly device?: string | undefined;
  /** Takes GPU memory as it is needed instead of all at once. Process-wide: the first user of the GPU decides. */
  readonly memoryGrowth?: boolean | undefined;
  /**
   * Keeps whole numbers of the state in 64 bits. TensorFlow has no variables of 32-bit ones on GPUs and puts them on the processor,
   * where a function that XLA compiles as a whole may not look. Default: where `xla` meets a GPU.
   */
  readonly wideIntegers?: boolean | undefined;
  /** Lets float32 matrix products on recent GPUs round their factors to TF32. Process-wide. */
  readonly tensorFloat32?: boolean | undefined;
  /**
   * Runs TensorFlow's graph optimizer on each function, with these of its passes switched; `{}` keeps its defaults. Without,
   * it does not run: traces share equal nodes themselves, and it was measured to cost a second or more and to save nothing.
   */
  readonly rewrites?: Partial<Record<Rewrite, boolean>> | undefined;
  /** The processes that run the function together, see {@link allReduce}. A process takes part in one program only. */
  readonly cluster?: Cluster | undefined;
}

/** Passes of TensorFlow's graph optimizer that can be switched. */
export type Rewrite = keyof typeof rewrites;

// Fields of RewriterConfig, and the values that switch each on and off.
const rewrites = {
  layout: [1, 1, 2],
  constantFolding: [3, 1, 2],
  memory: [4, 3, 1],
  arithmetic: [7, 1, 2],
  dependency: [8, 1, 2],
  function: [10, 1, 2],
  shape: [13, 1, 2],
  remapping: [14, 1, 2],
  commonSubgraphs: [24, 1, 2],
  autoMixedPrecisionOneDnn: [31, 1, 2],
} as const;

/** The bytes of TensorFlow's `ConfigProto` for these options. */
export function sessionConfig(options: EngineOptions): Uint8Array {
  const { threads, memoryGrowth, rewrites: switches, cluster } = options;
  return messageBytes([
    [2, threads?.intra],
    [5, threads?.inter],
    [6, memoryGrowth === undefined ? undefined : messageBytes([[4, memoryGrowth]])],
    [7, true], // allow_soft_placement: operations without a kernel on the device run elsewhere
    [10, messageBytes([[10, messageBytes(rewriterConfig(switches))]])],
    ...(cluster ? clusterConfig() : []),
  ]);
}

/** Fields of `RewriterConfig`. Functions run without the optimizer anyway, but a session runs it unless it is told not to. */
function rewriterConfig(switches: EngineOptions['rewrites']): (readonly [number, number | boolean])[] {
  if (switches === undefined) return [[19, true]]; // disable_meta_optimizer
  return Object.entries(switches).map(([name, enabled]) => {
    const [field, on, off] = rewrites[name as Rewrite];
    return [field, enabled ? on : off];
  });
}
