/**
 * Vertex counts to pad lattices to, ascending: an eighth of n·(d+1), a half, and all of it.
 *
 * A compiled step has fixed shapes, so each size in use is another compilation, and one that is needed late in a run lets
 * memory grow late: few sizes matter more than little padding, which costs the filter next to nothing. With σ_xy 50 and
 * σ_rgb 15, batches of photographs at 112 × 112 and 224 × 224 touch 2 to 7 % of n·(d+1) vertices, few of them up to 18 %. The
 * last size fits every lattice of n points.
 *
 * @param numPoints n, points of one image
 * @param dimensions d, features of a point (bilateral 5, Gaussian 2)
 * @example
 * latticeSizes(112 * 112, 5); // [9408, 37632, 75264]
 */
export function latticeSizes(numPoints: number, dimensions: number): number[] {
  const largest = numPoints * (dimensions + 1);
  const sizes = [8, 2, 1].map((part) => Math.ceil(largest / part));
  return sizes.filter((size, i) => size !== sizes[i - 1]);
}

/**
 * The smallest of `sizes` that holds `numVertices`.
 *
 * @throws where none does
 * @example
 * pickLatticeSize(lattice.numVertices, latticeSizes(lattice.numPoints, lattice.dimensions));
 */
export function pickLatticeSize(numVertices: number, sizes: readonly number[]): number {
  const fitting = sizes.filter((size) => size >= numVertices);
  if (fitting.length === 0)
    throw new Error(
      `pickLatticeSize: ${numVertices} vertices fit none of the sizes ${sizes.join(', ')}; ` +
        'add a larger one (number of points × (dimensions + 1) always fits)',
    );
  return Math.min(...fitting);
}
