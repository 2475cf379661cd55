import { expect, test } from '@jest/globals';
import { largestError, randomArray, randomImage } from '@toco/testing';
import fc from 'fast-check';
import { bilateralLattice, gaussianLattice } from '../src/bilateral.js';
import { buildLattice, type Lattice } from '../src/lattice.js';
import { filterLattice } from '../src/filter-lattice.js';
import { bruteForce } from './synthetic.js';

const height = 9;
const width = 13;
const pixels = height * width;
const lattice = bilateralLattice(randomImage(pixels, 1), height, width, { sigmaXy: 6, sigmaRgb: 40 });

/** A small cloud of points, sometimes on a coarse grid so that coordinates tie. */
const clouds = fc
  .record({ d: fc.integer({ min: 1, max: 6 }), n: fc.integer({ min: 1, max: 25 }), coarse: fc.boolean() })
  .chain(({ d, n, coarse }) =>
    fc
      .array(coarse ? fc.integer({ min: -3, max: 3 }) : fc.double({ min: -8, max: 8, noNaN: true }), {
        minLength: n * d,
        maxLength: n * d,
      })
      .map((values) => ({ d, n, features: Float32Array.from(values) })),
  );

test('barycentric weights are in [0, 1] and sum to 1; neighbors are mutual; vertices of a point differ', () => {
  fc.assert(
    fc.property(clouds, ({ d, n, features }) => {
      const { offsets, weights, neighbors, numVertices } = buildLattice(features, n, d);
      for (let p = 0; p < n; p++) {
        const own = weights.subarray(p * (d + 1), (p + 1) * (d + 1));
        expect(Math.min(...own)).toBeGreaterThan(-1e-5);
        expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        expect(new Set(offsets.subarray(p * (d + 1), (p + 1) * (d + 1))).size).toBe(d + 1);
      }
      expect(Math.max(...offsets)).toBe(numVertices - 1);
      for (let axis = 0; axis <= d; axis++) {
        for (let v = 0; v < numVertices; v++) {
          const next = neighbors[(axis * numVertices + v) * 2]!;
          if (next >= 0) expect(neighbors[(axis * numVertices + next) * 2 + 1]).toBe(v);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('the barycentric weights reproduce the embedding of each point', () => {
  // Walking a simplex from its first vertex takes each axis once, so vertices of two points that share one must agree.
  fc.assert(
    fc.property(clouds, ({ d, n, features }) => {
      const embedded = embeddings(buildLattice(features, n, d));
      for (let p = 0; p < n; p++) {
        for (let q = 0; q < n; q++) {
          const a = embedded[p];
          const b = embedded[q];
          if (a?.component !== b?.component || a === undefined || b === undefined) continue;
          const expected = embed(features.subarray(p * d, p * d + d)).map(
            (value, i) => value - embed(features.subarray(q * d, q * d + d))[i]!,
          );
          expected.forEach((value, i) => {
            expect(a.position[i]! - b.position[i]!).toBeCloseTo(value, 3);
          });
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('linear in the values', () => {
  const a = randomArray(pixels * 3, 2);
  const b = randomArray(pixels * 3, 3);
  const both = filterLattice(
    lattice,
    a.map((value, i) => 2 * value - 0.5 * b[i]!),
    3,
  );
  const [ka, kb] = [filterLattice(lattice, a, 3), filterLattice(lattice, b, 3)];
  const { error, scale } = largestError(
    both,
    ka.map((value, i) => 2 * value - 0.5 * kb[i]!),
  );
  expect(error).toBeLessThan(1e-6 * scale);
});

test('channels do not mix', () => {
  const values = randomArray(pixels * 4, 4);
  const filtered = filterLattice(lattice, values, 4);
  for (let k = 0; k < 4; k++) {
    const one = filterLattice(
      lattice,
      values.filter((_, i) => i % 4 === k),
      1,
    );
    expect(one).toEqual(filtered.filter((_, i) => i % 4 === k));
  }
});

test('transposed is the exact adjoint, while the operator itself is not symmetric', () => {
  const [x, y] = [randomArray(pixels, 5), randomArray(pixels, 6)];
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const forward = dot(filterLattice(lattice, x, 1), y);
  const adjoint = dot(x, filterLattice(lattice, y, 1, { transposed: true }));
  const swapped = dot(x, filterLattice(lattice, y, 1));
  expect(Math.abs(adjoint / forward - 1)).toBeLessThan(1e-6);
  const asymmetry = Math.abs(swapped / forward - 1);
  expect(asymmetry).toBeGreaterThan(1e-6);
  expect(asymmetry).toBeLessThan(1e-2);
});

test('positive values stay positive and every pixel counts itself', () => {
  const ones = filterLattice(lattice, new Float32Array(pixels).fill(1), 1);
  expect(Math.min(...ones)).toBeGreaterThan(0.2);
});

test('a constant image filters like the Gaussian lattice in shape: both follow the exact kernel', () => {
  const options = { height, width, sigmaXy: 3, sigmaRgb: 15 };
  const constant = new Float32Array(pixels * 3).fill(128);
  const spot = new Float32Array(pixels);
  spot[4 * width + 6] = 1;
  const exact = bruteForce(constant, spot, options);
  const bilateral = filterLattice(bilateralLattice(constant, height, width, options), spot, 1);
  const gaussian = filterLattice(gaussianLattice(height, width, options), spot, 1);
  expect(correlation(exact, bilateral)).toBeGreaterThan(0.98);
  expect(correlation(exact, gaussian)).toBeGreaterThan(0.98);
});

test('correlates with the exact bilateral kernel on an image', () => {
  const image = randomImage(pixels, 7);
  const options = { height, width, sigmaXy: 6, sigmaRgb: 40 };
  const values = randomArray(pixels, 8);
  const exact = bruteForce(image, values, options);
  const filtered = filterLattice(bilateralLattice(image, height, width, options), values, 1);
  expect(correlation(exact, filtered)).toBeGreaterThan(0.95);
});

test('the order of the points does not matter, the order of the features does', () => {
  const image = randomImage(pixels, 9);
  const features = Float32Array.from({ length: pixels * 3 }, (_, i) => image[i]! / 30);
  const values = randomArray(pixels, 10);
  const filtered = filterLattice(buildLattice(features, pixels, 3), values, 1);
  const reversedPoints = features.map((_, i) => features[(pixels - 1 - Math.floor(i / 3)) * 3 + (i % 3)]!);
  const backwards = filterLattice(
    buildLattice(reversedPoints, pixels, 3),
    values.slice().reverse(),
    1,
  ).reverse();
  const { error, scale } = largestError(backwards, filtered);
  expect(error).toBeLessThan(1e-6 * scale);
  const swappedFeatures = features.map((_, i) => features[i - (i % 3) + 2 - (i % 3)]!);
  const other = filterLattice(buildLattice(swappedFeatures, pixels, 3), values, 1);
  expect(largestError(other, filtered).error).toBeGreaterThan(1e-3 * scale);
});

test('says what is wrong', () => {
  expect(() => buildLattice(new Float32Array(5), 2, 3)).toThrow('5 features instead of 2 points × 3');
  expect(() => buildLattice(Float32Array.of(0, NaN), 1, 2)).toThrow('feature 1 of point 0 is NaN');
  expect(() => buildLattice(Float32Array.of(0, 0, 1e9, 1e9, 0, 0, 1e9, 0), 2, 4)).toThrow('64-bit keys');
  expect(() => filterLattice(lattice, new Float32Array(3), 1)).toThrow(
    `3 values instead of ${pixels} points`,
  );
  expect(() => bilateralLattice(new Float32Array(3), 2, 2, { sigmaXy: 1, sigmaRgb: 1 })).toThrow('2 × 2 × 3');
  expect(() => gaussianLattice(2, 2, { sigmaXy: 0 })).toThrow('sigmaXy is 0');
});

function embed(features: Float32Array): number[] {
  const d = features.length;
  const c = Array.from(features, (f, i) => (f * Math.sqrt(2 / 3) * (d + 1)) / Math.sqrt((i + 1) * (i + 2)));
  return Array.from(
    { length: d + 1 },
    (_, j) => c.slice(j).reduce((a, b) => a + b, 0) - (j === 0 ? 0 : j * c[j - 1]!),
  );
}

/** Positions of points relative to a vertex of their connected component, found by walking along the axes. */
function embeddings({ numPoints, numVertices, dimensions: d, offsets, weights, neighbors }: Lattice) {
  const positions: (number[] | undefined)[] = new Array<undefined>(numVertices).fill(undefined);
  const components = new Int32Array(numVertices).fill(-1);
  for (let start = 0; start < numVertices; start++) {
    if (positions[start]) continue;
    positions[start] = new Array<number>(d + 1).fill(0);
    const queue = [start];
    for (const vertex of queue) {
      components[vertex] = start;
      for (let axis = 0; axis <= d; axis++) {
        [1, -1].forEach((sign, side) => {
          const next = neighbors[(axis * numVertices + vertex) * 2 + side]!;
          const expected = positions[vertex]!.map((value, i) => value + sign * (i === axis ? -d : 1));
          if (next < 0) return;
          if (positions[next]) expect(positions[next]).toEqual(expected);
          else {
            positions[next] = expected;
            queue.push(next);
          }
        });
      }
    }
  }
  return Array.from({ length: numPoints }, (_, p) => {
    const corners = Array.from({ length: d + 1 }, (_, k) => p * (d + 1) + k);
    const position = new Array<number>(d + 1).fill(0);
    for (const corner of corners)
      positions[offsets[corner]!]!.forEach((value, i) => (position[i]! += weights[corner]! * value));
    return { component: components[offsets[corners[0]!]!], position };
  });
}

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (x: Float32Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
