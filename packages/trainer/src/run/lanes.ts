import type { ApplyOptions } from '@toco/backbone';
import type { CompileOptions } from '@toco/graph';
import type { BackendInfo } from '@toco/runtime';
import { inLanes } from '../network/in-lanes.js';

/** How a compiled step shares an engine's threads. */
export interface Lanes {
  /** For passes that no gradient goes through: `targetForward` of `trainStep`, `forward` of `evaluationForward`. */
  readonly forward: ApplyOptions;
  /** What to compile with. */
  readonly options: Pick<CompileOptions, 'threads'>;
}

/** The engine shares its threads itself. */
export const oneLane: Lanes = { forward: {}, options: {} };

/**
 * With two threads on the CPU, two operations run side by side on one thread each: a step has two chains of them nearly
 * everywhere (views and scales, gradients of weights and of inputs), and no thread waits for the other's half of an operation.
 * An iteration of a small network takes 9 % less in float32 and 15 % in bf16 (EXPERIMENTS.md). More threads than chains
 * stay TensorFlow's to share, and so does what XLA compiles whole: it is a single operation.
 */
export function lanesOf(
  { backend, device, threads }: BackendInfo,
  { xla = false }: Pick<CompileOptions, 'xla'> = {},
): Lanes {
  if (backend !== 'tensorflow' || device !== 'cpu' || threads !== 2 || xla) return oneLane;
  return { forward: { wrapBlock: inLanes(2) }, options: { threads: { inter: 2, intra: 1 } } };
}
