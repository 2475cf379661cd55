/** How values between the samples are found. */
export interface Interpolation {
  /** `bilinear`, or `bicubic` with a = −0.75; neither filters when shrinking. */
  readonly method: 'bilinear' | 'bicubic';
  /** Whether the corner samples of both grids coincide (else the corners of their pixels: "half-pixel"). */
  readonly alignCorners: boolean;
}

const A = -0.75;

/** Keys' cubic convolution kernel at distance |t| < 2. */
function cubic(t: number): number {
  const d = Math.abs(t);
  return d < 1 ? ((A + 2) * d - (A + 3)) * d * d + 1 : ((A * d - 5 * A) * d + 8 * A) * d - 4 * A;
}

/**
 * Matrix [outputs, inputs] (row by row) that resizes a row of samples; its rows sum to 1.
 *
 * Computed in 64 bits, rounded once.
 */
export function interpolationMatrix(
  inputs: number,
  outputs: number,
  { method, alignCorners }: Interpolation,
): Float32Array {
  const matrix = new Float64Array(outputs * inputs);
  const step = alignCorners ? (outputs > 1 ? (inputs - 1) / (outputs - 1) : 0) : inputs / outputs;
  for (let i = 0; i < outputs; i++) {
    const centre = alignCorners ? i * step : (i + 0.5) * step - 0.5;
    const position = method === 'bilinear' ? Math.max(centre, 0) : centre;
    const base = Math.floor(position);
    const add = (tap: number, weight: number): void => {
      const sample = Math.min(Math.max(tap, 0), inputs - 1);
      matrix[i * inputs + sample]! += weight;
    };
    if (method === 'bilinear') {
      add(base, 1 - (position - base));
      add(base + 1, position - base);
    } else {
      for (let tap = base - 1; tap <= base + 2; tap++) add(tap, cubic(position - tap));
    }
  }
  return Float32Array.from(matrix);
}
