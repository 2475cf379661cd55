/**
 * Vertex counts to pad lattices to, ascending: n·(d+1)/64 · 1, 2, 4, … 64.
 *
 * A compiled step has fixed shapes, so each size in use costs one more compilation; halves keep the padding below the
 * work that it saves. The last size, n·(d+1), fits every lattice of n points. Photographs need few of them: at
 * 112 × 112 pixels with σ_xy 50 and σ_rgb 15 they touch about n/4 to 3n/4 vertices.
 *
 * @param numPoints n, points of one image
 * @param dimensions d, features of a point (bilateral 5, Gaussian 2)
 * @example
 * latticeSizes(112 * 112, 5); // [1176, 2352, 4704, 9408, 18816, 37632, 75264]
 */
export function latticeSizes(numPoints: number, dimensions: number): number[] {
  const largest = numPoints * (dimensions + 1);
  const sizes = Array.from({ length: 7 }, (_, i) => Math.ceil(largest / 2 ** (6 - i)));
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
