/** How values between the samples are found. */
export interface Interpolation {
  /** `bilinear`, or `bicubic` with a = −0.75; neither filters when shrinking. */
  readonly method: 'bilinear' | 'bicubic';
  /** Whether the centers of the corner pixels of both grids coincide (else their outer corners: "half-pixel"). */
  readonly alignCorners: boolean;
}

/** A sparse matrix [rows, columns]: row i sums weights[k·rows + i] · sample indices[k·rows + i] over its taps k. */
export interface Taps {
  readonly rows: number;
  readonly columns: number;
  /** Largest number of samples that a row takes; shorter rows are filled up with weight 0. */
  readonly taps: number;
  readonly indices: Int32Array;
  readonly weights: Float32Array;
}

const A = -0.75;

/** Keys' cubic convolution kernel at distance |t| < 2. */
function cubic(t: number): number {
  const d = Math.abs(t);
  return d < 1 ? ((A + 2) * d - (A + 3)) * d * d + 1 : ((A * d - 5 * A) * d + 8 * A) * d - 4 * A;
}

function pack(rows: readonly ReadonlyMap<number, number>[], columns: number): Taps {
  const taps = Math.max(...rows.map((row) => row.size), 1);
  const indices = new Int32Array(taps * rows.length);
  const weights = new Float32Array(taps * rows.length);
  rows.forEach((row, i) => {
    let k = 0;
    for (const [index, weight] of row) {
      indices[k * rows.length + i] = index;
      weights[k * rows.length + i] = weight;
      k++;
    }
  });
  return { rows: rows.length, columns, taps, indices, weights };
}

/**
 * The matrix [outputs, inputs] that resizes a row of samples; its rows sum to 1. Computed in 64 bits, rounded once.
 *
 * Output i lies at (i + ½)·inputs/outputs − ½, or at i·(inputs − 1)/(outputs − 1) with aligned corners.
 */
export function interpolationTaps(
  inputs: number,
  outputs: number,
  { method, alignCorners }: Interpolation,
): Taps {
  const step = alignCorners ? (outputs > 1 ? (inputs - 1) / (outputs - 1) : 0) : inputs / outputs;
  const rows = Array.from({ length: outputs }, (_, i) => {
    const center = alignCorners ? i * step : (i + 0.5) * step - 0.5;
    // Linear interpolation holds the border's value outside; the cubic one repeats the border's samples.
    const position = method === 'bilinear' ? Math.max(center, 0) : center;
    const base = Math.floor(position);
    const row = new Map<number, number>();
    const [first, last] = method === 'bilinear' ? [base, base + 1] : [base - 1, base + 2];
    for (let tap = first; tap <= last; tap++) {
      const weight = method === 'bilinear' ? 1 - Math.abs(position - tap) : cubic(position - tap);
      const sample = Math.min(Math.max(tap, 0), inputs - 1);
      if (weight !== 0) row.set(sample, (row.get(sample) ?? 0) + weight);
    }
    return row;
  });
  return pack(rows, inputs);
}

/** The transposed matrix. */
export function transposeTaps({ rows, columns, taps, indices, weights }: Taps): Taps {
  const transposed = Array.from({ length: columns }, () => new Map<number, number>());
  for (let k = 0; k < taps; k++) {
    for (let i = 0; i < rows; i++) {
      const weight = weights[k * rows + i]!;
      if (weight !== 0) transposed[indices[k * rows + i]!]!.set(i, weight);
    }
  }
  return pack(transposed, rows);
}

/** The matrix with its zeros written out, row by row. */
export function denseTaps({ rows, columns, taps, indices, weights }: Taps): Float32Array {
  const matrix = new Float32Array(rows * columns);
  for (let k = 0; k < taps; k++) {
    for (let i = 0; i < rows; i++) matrix[i * columns + indices[k * rows + i]!]! += weights[k * rows + i]!;
  }
  return matrix;
}
