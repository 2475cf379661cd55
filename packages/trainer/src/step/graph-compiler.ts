import type { StepCompiler } from '@toco/core';
import { barrier, fused } from '@toco/graph';

/** Lets a compiled step fuse chains of small operations and compute again what it does not keep. */
export const graphCompiler: StepCompiler = { fuse: fused, barrier };
