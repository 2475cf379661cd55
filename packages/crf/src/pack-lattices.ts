import type { Lattice } from './lattice.js';
import { latticeSizes, pickLatticeSize } from './lattice-sizes.js';

/**
 * A batch of lattices of one size as plain arrays, made where images are loaded and fed to a step like any other input.
 *
 * Each image has `vertices + 1` rows, all images' rows lie one after the other, and the indices count through all of
 * them. The first row of an image is never written to and stays 0: it stands for missing neighbors and pads.
 */
export interface LatticeArrays {
  /** Number of images B. */
  readonly batch: number;
  /** Number of points n of an image. */
  readonly numPoints: number;
  /** Number of features d of a point. */
  readonly dimensions: number;
  /** Vertices V that an image has room for. */
  readonly vertices: number;
  /** Rows around each point, `[B, n, d+1]`. */
  readonly offsets: Int32Array;
  /** Barycentric weights of those rows, `[B, n, d+1]`. */
  readonly weights: Float32Array;
  /** Both neighbors of every row along each axis, `[d+1, 2, B·(V+1)]`. */
  readonly neighbors: Int32Array;
}

/** Options of {@link packLattices}. */
export interface PackLatticesOptions {
  /** Vertices V to pad to; by default the smallest of {@link latticeSizes} that fits all of the lattices. */
  readonly vertices?: number | undefined;
  /** Arrays that nobody reads any longer: those that have the size are written anew and returned. */
  readonly used?: Pick<LatticeArrays, 'offsets' | 'weights' | 'neighbors'> | undefined;
}

/**
 * Packs the lattices of a batch into arrays whose shapes depend on B, n, d and V only.
 *
 * @param lattices one per image, with equal numbers of points and dimensions
 * @throws where there is none, they differ, or one has more than V vertices
 * @example
 * const arrays = packLattices(images.map((image) => bilateralLattice(image, 112, 112, { sigmaXy: 50, sigmaRgb: 15 })));
 */
export function packLattices(lattices: readonly Lattice[], options: PackLatticesOptions = {}): LatticeArrays {
  const [first] = lattices;
  if (first === undefined) throw new Error('packLattices: no lattice given');
  const { numPoints, dimensions } = first;
  const corners = dimensions + 1;
  const largest = Math.max(...lattices.map((lattice) => lattice.numVertices));
  const vertices = options.vertices ?? pickLatticeSize(largest, latticeSizes(numPoints, dimensions));
  if (largest > vertices)
    throw new Error(
      `packLattices: a lattice of ${largest} vertices does not fit ${vertices}; pad to a larger size`,
    );

  const batch = lattices.length;
  const rows = vertices + 1;
  const { used } = options;
  const points = batch * numPoints * corners;
  const offsets = used?.offsets.length === points ? used.offsets : new Int32Array(points);
  const weights = used?.weights.length === points ? used.weights : new Float32Array(points);
  const links = corners * 2 * batch * rows;
  const neighbors = used?.neighbors.length === links ? used.neighbors : new Int32Array(links);
  lattices.forEach((lattice, b) => {
    if (lattice.numPoints !== numPoints || lattice.dimensions !== dimensions)
      throw new Error(
        `packLattices: lattice ${b} has ${lattice.numPoints} points in ${lattice.dimensions} dimensions, ` +
          `the first has ${numPoints} in ${dimensions}`,
      );
    const zero = b * rows;
    const start = b * numPoints * corners;
    weights.set(lattice.weights, start);
    for (let i = 0; i < lattice.offsets.length; i++) offsets[start + i] = zero + 1 + lattice.offsets[i]!;
    for (let axis = 0; axis < corners; axis++) {
      for (let side = 0; side < 2; side++) {
        const target = (axis * 2 + side) * batch * rows + zero;
        neighbors.fill(zero, target, target + rows);
        for (let vertex = 0; vertex < lattice.numVertices; vertex++)
          neighbors[target + 1 + vertex] =
            zero + 1 + lattice.neighbors[(axis * lattice.numVertices + vertex) * 2 + side]!;
      }
    }
  });
  return { batch, numPoints, dimensions, vertices, offsets, weights, neighbors };
}
