/** Linear codes of lattice points, see {@link latticeCodes}. Index = coordinate 0…d. */
export interface LatticeCodes {
  /** Factor of feature j (1…d) in the embedding: √(2/3)·(d+1)/√(j(j+1)). */
  readonly scale: Float32Array;
  /** Code of d+1 steps of a coordinate: what a remainder-0 point adds per quotient. */
  readonly unitLow: Int32Array;
  readonly unitHigh: Int32Array;
  /** What the code changes by on the way to the next vertex along an axis: all coordinates + 1, its own − d. */
  readonly stepLow: Int32Array;
  readonly stepHigh: Int32Array;
}

/**
 * Names lattice points by 64-bit codes, as two 32-bit words, that are linear in the coordinates.
 *
 * The first d coordinates (the last follows from them) are the digits of two mixed-radix numbers, whose radices come
 * from the extent of the features. Linear means that the way from a vertex to its neighbor adds the same pair of
 * words everywhere, so neither the simplex of a point nor the blur neighbors need the coordinates themselves; and
 * arithmetic modulo 2³² keeps the codes distinct without moving the origin.
 */
export function latticeCodes(features: Float32Array, d: number): LatticeCodes {
  const scale = new Float32Array(d + 1);
  const spread = Math.fround(Math.sqrt(2 / 3) * (d + 1));
  for (let j = 1; j <= d; j++) scale[j] = spread / Math.sqrt(j * (j + 1));
  const ranges = featureRanges(features, d);
  const radixLow = new Int32Array(d + 1);
  const radixHigh = new Int32Array(d + 1);
  let low = 1;
  let high = 1;
  // From the last coordinate to the first, since the extent of coordinate i sums those of the features after it.
  let sum = 0;
  for (let i = d; i >= 0; i--) {
    const range = i === 0 ? 0 : ranges[i - 1]! * scale[i]!;
    // A vertex is within d+1 of its point, a neighbor d further, on both sides: 6(d+1) covers them and the rounding.
    const extent = Math.ceil(sum + i * range) + 6 * (d + 1);
    sum += range;
    if (i === d) continue;
    if (low * extent <= 2 ** 32) {
      radixLow[i] = low | 0;
      low *= extent;
    } else if (high * extent <= 2 ** 32) {
      radixHigh[i] = high | 0;
      high *= extent;
    } else {
      throw new Error(
        `buildLattice: ${d} features that span ${ranges.map((range) => range.toPrecision(3)).join(', ')} ` +
          'standard deviations do not fit 64-bit keys; use larger standard deviations or fewer features',
      );
    }
  }
  const total = (radix: Int32Array) => radix.reduce((a, b) => (a + b) | 0, 0);
  const steps = (radix: Int32Array) => radix.map((value) => total(radix) - Math.imul(d + 1, value));
  const units = (radix: Int32Array) => radix.map((value) => Math.imul(d + 1, value));
  return {
    scale,
    unitLow: units(radixLow),
    unitHigh: units(radixHigh),
    stepLow: steps(radixLow),
    stepHigh: steps(radixHigh),
  };
}

/** Largest minus smallest value of every feature. */
function featureRanges(features: Float32Array, d: number): number[] {
  const smallest = new Float64Array(d).fill(Infinity);
  const largest = new Float64Array(d).fill(-Infinity);
  for (let i = 0, j = 0; i < features.length; i++, j = j + 1 === d ? 0 : j + 1) {
    const value = features[i]!;
    if (!Number.isFinite(value))
      throw new Error(`buildLattice: feature ${j} of point ${Math.floor(i / d)} is ${value}`);
    if (value < smallest[j]!) smallest[j] = value;
    if (value > largest[j]!) largest[j] = value;
  }
  return Array.from(largest, (value, j) => Math.max(0, value - smallest[j]!));
}
