import type { StepCompiler } from '@toco/core';
import { barrier, fused, inFloat32 } from '@toco/graph';

/** Lets a compiled step fuse chains of small operations, compute again what it does not keep, and round no loss to bf16. */
export const graphCompiler: StepCompiler = { fuse: fused, barrier, inFloat32 };
