import { nodeBackend } from './backend.js';
import { openLibrary } from './capi.js';
import { GraphBuilder } from './graph-builder.js';
import { loadedLibrary } from './library.js';

/** Operations of `@toco/runtime`: a ring of processes over TCP, at a fraction of what TensorFlow's over gRPC costs. */
export const ringOperations = {
  join: 'TocoJoinRing',
  reduce: 'TocoAllReduce',
  abort: 'TocoAbortRing',
} as const;

/**
 * What `allReduce` goes by: `nccl` between GPUs; between CPUs the `ring` of `@toco/runtime`, or, where its kernels are missing,
 * TensorFlow's over `grpc`. One kind does not know another, so all processes need the same.
 */
export type ReductionKind = 'nccl' | 'ring' | 'grpc';

/** The kind by which the functions of a builder reduce. */
export function reductionKindOf(builder: GraphBuilder): ReductionKind {
  if (nodeBackend().isUsingGpuDevice) return 'nccl';
  return builder.knows(ringOperations.reduce) ? 'ring' : 'grpc';
}

/**
 * The kind by which this process reduces, on a backend that is ready.
 *
 * @throws where the active backend is not TensorFlow's
 * @example
 * const kinds = await peers.gather('reductions', reductionKind()); // of @toco/runtime's joinCluster
 */
export function reductionKind(): ReductionKind {
  const builder = new GraphBuilder(openLibrary(loadedLibrary()));
  try {
    return reductionKindOf(builder);
  } finally {
    builder.dispose();
  }
}
