import type { TensorTree } from '@toco/core';
import type { LossFunction } from './loss-terms.js';
import type { Refine, TargetFunction } from './targets.js';

/**
 * What a method of one's own has beside ToCo's parts, or in their place. Plain functions, called while the step is traced:
 * pure, of static shapes, without read-back and without randomness of their own.
 *
 * Where a batch goes through in parts (`accumulate`, several processes) each part is all they see, and what they give is averaged
 * over the parts: a term is a mean over images.
 */
export interface MethodParts<P extends TensorTree = TensorTree> {
  /** Loss terms beside the six, weighted by their names in `phases[].weights`. */
  readonly terms?: Readonly<Record<string, LossFunction<P>>> | undefined;
  /** What the terms learn from; default: `computeTargets`, which may be called within. */
  readonly targets?: TargetFunction<P> | undefined;
  /** The refinement of pixel labels; default: PAR. */
  readonly refine?: Refine<P> | undefined;
}
