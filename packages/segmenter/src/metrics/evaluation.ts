import type { IntersectionOverUnion } from './intersection-over-union.js';

/** Figures of one validation. */
export interface Evaluation {
  /** Without masks every mean is NaN. */
  readonly cam: IntersectionOverUnion;
  readonly camAux: IntersectionOverUnion;
  readonly seg: IntersectionOverUnion;
  /** F1 of the classification, averaged over images; a right “nothing” counts 1. */
  readonly f1: number;
  /** Mean cosine of different patch tokens after each block. */
  readonly similarity: readonly number[];
  /** Images that were looked at. */
  readonly images: number;
  /** How many of them have a mask: all or none. */
  readonly masks: number;
}
