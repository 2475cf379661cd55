import { bilateralLattice, gaussianLattice, type RgbImage } from './bilateral.js';
import { assertDenseCrf, type DenseCrfOptions } from './dense-crf-options.js';
import { filterLattice } from './filter-lattice.js';
import type { Lattice } from './lattice.js';

/**
 * `denseCrf` in plain TypeScript, the one that the compiled ones are tested against; for images of any size.
 *
 * @param image `[h, w, 3]`, levels 0…255
 * @param probabilities `[h, w, K]`
 * @returns Q, `[h, w, K]`, each pixel's classes sum to 1
 * @throws where an array has another length, a value is not a number, or an option is out of range
 * @example
 * const q = denseCrfReference(image, probabilities, { height, width, classes: 21, ...tocoSegmentationCrf });
 */
export function denseCrfReference(
  image: RgbImage,
  probabilities: Float32Array,
  options: DenseCrfOptions,
): Float32Array {
  assertDenseCrf(image, probabilities, options);
  const { height, width, classes, gaussian, bilateral, iterations } = options;
  const kernels = [
    normalizedKernel(gaussianLattice(height, width, gaussian), gaussian.weight),
    normalizedKernel(bilateralLattice(image, height, width, bilateral), bilateral.weight),
  ];
  const negativeUnary = probabilities.map((p) => Math.log(Math.min(Math.max(p, 1e-5), 1)));
  let q = softmax(negativeUnary, classes);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const logits = negativeUnary.slice();
    for (const addMessage of kernels) addMessage(q, logits, classes);
    q = softmax(logits, classes);
  }
  return q;
}

/** The message of one kernel, added to `logits`: w · N K N q. */
function normalizedKernel(
  lattice: Lattice,
  weight: number,
): (q: Float32Array, logits: Float32Array, classes: number) => void {
  const norm = filterLattice(lattice, new Float32Array(lattice.numPoints).fill(1), 1);
  for (let i = 0; i < norm.length; i++) norm[i] = 1 / Math.sqrt(norm[i]! + 1e-20);
  return (q, logits, classes) => {
    const scaled = new Float32Array(q.length);
    for (let point = 0, i = 0; point < norm.length; point++)
      for (let k = 0; k < classes; k++, i++) scaled[i] = q[i]! * norm[point]!;
    const filtered = filterLattice(lattice, scaled, classes);
    for (let point = 0, i = 0; point < norm.length; point++)
      for (let k = 0; k < classes; k++, i++) logits[i]! += weight * norm[point]! * filtered[i]!;
  };
}

/** Softmax over groups of `classes` neighboring values. */
function softmax(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    let largest = -Infinity;
    for (let i = start; i < start + classes; i++) largest = Math.max(largest, logits[i]!);
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += out[i] = Math.exp(logits[i]! - largest);
    for (let i = start; i < start + classes; i++) out[i]! /= sum;
  }
  return out;
}
