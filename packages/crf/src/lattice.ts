import { latticeCodes } from './lattice-codes.js';
import { VertexTable } from './vertex-table.js';

/**
 * A permutohedral lattice around a set of points: what {@link filterLattice} needs, in typed arrays that can be
 * sent between threads.
 */
export interface Lattice {
  /** Number of points n that are filtered. */
  readonly numPoints: number;
  /** Number of lattice vertices V that the points touch, at most n·(d+1). */
  readonly numVertices: number;
  /** Number of features d of a point. */
  readonly dimensions: number;
  /** Vertices of the simplex around each point, `[n, d+1]`. */
  readonly offsets: Int32Array;
  /** Barycentric weights of those vertices, `[n, d+1]`; each row sums to 1. */
  readonly weights: Float32Array;
  /** The two neighbors of each vertex along each blur axis, `[d+1, V, 2]`; −1 where the lattice has none. */
  readonly neighbors: Int32Array;
}

/**
 * Builds the permutohedral lattice of n points with d features (Adams, Baek, Davis 2010).
 *
 * Feature f_j (j = 1…d) is scaled to c_j = f_j·√(2/3)·(d+1)/√(j(j+1)) and embedded in d+1 dimensions as
 * e_0 = Σ c_i, e_j = (Σ_{i>j} c_i) − j·c_j, so that the blur's standard deviation is 1 in units of the features.
 * The order of the features is part of the result: another order gives another lattice.
 *
 * @param features `[n, d]`, already divided by their standard deviations
 * @param numPoints n
 * @param dimensions d
 * @throws where the lengths disagree, a feature is not finite, or the features span more lattice than 64-bit keys can name
 * @example
 * const lattice = buildLattice(Float32Array.of(0, 0.1, 5), 3, 1);
 * lattice.offsets.length; // 6: two vertices around each of the three points
 */
export function buildLattice(features: Float32Array, numPoints: number, dimensions: number): Lattice {
  const d = dimensions;
  if (features.length !== numPoints * d)
    throw new Error(`buildLattice: ${features.length} features instead of ${numPoints} points × ${d}`);
  const { scale, unitLow, unitHigh, stepLow, stepHigh } = latticeCodes(features, d);
  const table = new VertexTable(numPoints);
  const offsets = new Int32Array(numPoints * (d + 1));
  const weights = new Float32Array(numPoints * (d + 1));
  const quotients = new Int32Array(d + 1);
  const residuals = new Float32Array(d + 1);
  const ranks = new Int32Array(d + 1);
  const order = new Int32Array(d + 1);
  const unit = Math.fround(1 / (d + 1));

  for (let point = 0; point < numPoints; point++) {
    // The embedding, split into the nearest remainder-0 quotients and what remains. Single precision throughout: where
    // two coordinates tie (gray or saturated pixels do), the rounding decides which vertices exist, and with them the
    // result; in double precision the dense CRF was off by 2e-3.
    let sum = 0;
    let excess = 0;
    for (let j = d; j >= 0; j--) {
      const c = j === 0 ? 0 : Math.fround(features[point * d + j - 1]! * scale[j]!);
      const e = Math.fround(sum - Math.fround(j * c));
      const nearest = Math.floor(Math.fround(e * unit) + 0.5);
      quotients[j] = nearest;
      residuals[j] = e - nearest * (d + 1);
      excess += nearest;
      sum = Math.fround(sum + c);
    }
    ranks.fill(excess);
    for (let i = 0; i < d; i++) {
      const residual = residuals[i]!;
      let rank = ranks[i]!;
      for (let j = i + 1; j <= d; j++) {
        if (residual < residuals[j]!) rank++;
        else ranks[j]!++;
      }
      ranks[i] = rank;
    }
    // A remainder-0 point has coordinate sum 0: move the excess onto the coordinates that were rounded furthest.
    let low = 0;
    let high = 0;
    for (let i = 0; i <= d; i++) {
      let rank = ranks[i]!;
      if (rank < 0) {
        rank += d + 1;
        quotients[i]!++;
        residuals[i]! -= d + 1;
      } else if (rank > d) {
        rank -= d + 1;
        quotients[i]!--;
        residuals[i]! += d + 1;
      }
      order[rank] = i;
      low = (low + Math.imul(quotients[i]!, unitLow[i]!)) | 0;
      high = (high + Math.imul(quotients[i]!, unitHigh[i]!)) | 0;
    }
    // The simplex: from the remainder-0 vertex one step along each axis, in descending order of rank.
    let weight = 1 + (residuals[order[d]!]! - residuals[order[0]!]!) / (d + 1);
    for (let k = 0; k <= d; k++) {
      const axis = order[d - k]!;
      offsets[point * (d + 1) + k] = table.insert(low, high);
      weights[point * (d + 1) + k] = weight;
      low = (low + stepLow[axis]!) | 0;
      high = (high + stepHigh[axis]!) | 0;
      if (k < d) weight = (residuals[order[d - k - 1]!]! - residuals[axis]!) / (d + 1);
    }
  }

  const numVertices = table.size;
  const neighbors = new Int32Array((d + 1) * numVertices * 2).fill(-1);
  for (let axis = 0; axis <= d; axis++) {
    const base = axis * numVertices;
    for (let vertex = 0; vertex < numVertices; vertex++) {
      const next = table.find(
        (table.low[vertex]! + stepLow[axis]!) | 0,
        (table.high[vertex]! + stepHigh[axis]!) | 0,
      );
      if (next < 0) continue;
      neighbors[(base + vertex) * 2] = next;
      neighbors[(base + next) * 2 + 1] = vertex;
    }
  }
  return { numPoints, numVertices, dimensions, offsets, weights, neighbors };
}
