/** Options of {@link parAffinity}. */
export interface ParAffinityOptions {
  /** Distances in pixels at which the 8 neighbors of a pixel are taken. */
  readonly dilations?: readonly number[] | undefined;
  /** Width of both kernels, in standard deviations of the neighbors (w₁ = 0.3 in AFA and ToCo). */
  readonly bandwidth?: number | undefined;
  /** Weight of the position term beside that of the colors (w₂ = 0.01 in AFA and ToCo). */
  readonly positionWeight?: number | undefined;
  /** Rows of about so many pixels are weighed at once: the same numbers in a fraction of the memory. Default: all rows. */
  readonly pixelsAtOnce?: number | undefined;
}

/** Options of {@link refine} and {@link par}. */
export interface RefineOptions extends ParAffinityOptions {
  /** How often each mask is replaced by the weighted sum of its neighbors. */
  readonly iterations?: number | undefined;
}

/** Refuses an empty list and distances that are no positive whole numbers. */
export function assertDilations(name: string, dilations: readonly number[]): void {
  if (dilations.length === 0 || !dilations.every((r) => Number.isInteger(r) && r > 0))
    throw new Error(`${name}: dilations are [${dilations.join()}], expected positive whole numbers`);
}
