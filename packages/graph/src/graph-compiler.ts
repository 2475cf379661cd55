import type { StepCompiler } from '@toco/core';
import { barrier } from './barrier.js';
import { fused } from './fused.js';
import { inFloat32 } from './in-float32.js';
import { scope } from './scope.js';

/** Lets a compiled step fuse chains of small operations, compute again what it does not keep, and round no loss to bf16. */
export const graphCompiler: StepCompiler = { fuse: fused, barrier, inFloat32, scope };

/** Leaves a function as it is: single operations only. */
export const plainCompiler: StepCompiler = {
  fuse: (f) => f,
  barrier: (x) => x,
  inFloat32: (f) => f(),
  scope,
};
