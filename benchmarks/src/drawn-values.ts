/** How the values of one leaf are drawn: uniformly between mean − scale and mean + scale. */
export interface Drawing {
  readonly mean: number;
  readonly scale: number;
}

/**
 * `count` values that `gpu/hlo.py` draws alike from the same few numbers, so that hundreds of megabytes of weights need not
 * travel: 32 well-mixed bits of place and seed, rounded to float32 after every operation.
 */
export function drawnValues(seed: number, count: number, { mean, scale }: Drawing): Float32Array {
  const values = new Float32Array(count);
  const [m, s] = [Math.fround(mean), Math.fround(scale)];
  if (s === 0) return values.fill(m);
  const offset = Math.imul(seed, 0x9e3779b9);
  for (let i = 0; i < count; i++) {
    let x = (i + offset) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x = (x ^ (x >>> 16)) >>> 0;
    values[i] = m + Math.fround(s * Math.fround(x / 2 ** 31 - 1));
  }
  return values;
}

/** The drawing whose mean and variance are those of some values. */
export function drawingLike(values: ArrayLike<number> & Iterable<number>): Drawing {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean: Math.fround(mean), scale: Math.fround(Math.sqrt((3 * squares) / values.length)) };
}
