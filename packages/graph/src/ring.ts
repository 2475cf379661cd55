import { nodeBackend } from './backend.js';
import type { GraphBuilder } from './graph-builder.js';

/** Operations of `@toco/runtime`: a ring of processes over TCP, at a fraction of what TensorFlow's over gRPC costs. */
export const ringOperations = {
  join: 'TocoJoinRing',
  reduce: 'TocoAllReduce',
  abort: 'TocoAbortRing',
} as const;

/** Whether reductions go around that ring. On GPUs NCCL is faster; without our kernels TensorFlow's own ring has to do. */
export function reducesInRing(builder: GraphBuilder): boolean {
  return !nodeBackend().isUsingGpuDevice && builder.knows(ringOperations.reduce);
}
