import type { RgbImage } from '../bilateral.js';
import { assertDenseCrf, type DenseCrfOptions } from '../dense-crf-options.js';
import { denseCrfReference } from '../dense-crf-reference.js';
import { compiledDenseCrf } from '../wasm/compiled-dense-crf.js';

/**
 * Refines class probabilities by a fully connected CRF (Krähenbühl and Koltun 2011) with Potts compatibility.
 *
 * Unary U = −log(clip(p, 1e-5, 1)); Q₀ = softmax(−U); then per iteration
 * Q ← softmax(−U + Σ_m w_m · K̃_m Q), where K̃ = N K N with N = 1/√(K·1 + 1e-20) for the Gaussian and the bilateral kernel.
 *
 * Computed in WebAssembly, in Node, its workers, and browsers. What doesn't fit into its 4 GiB (images of more than about four
 * million pixels) or its grid of the Gaussian kernel (σ below a tenth of a pixel) is computed by {@link denseCrfReference}:
 * the same Q within 2e-5, slower. `nativeDenseCrf` of `@toco/runtime` is faster still.
 *
 * @param image `[h, w, 3]`, levels 0…255
 * @param probabilities `[h, w, K]`
 * @returns Q, `[h, w, K]`, each pixel's classes sum to 1
 * @throws where an array has another length, a value is not a number, or an option is out of range
 * @example
 * const q = denseCrf(image, probabilities, { height, width, classes: 21, ...tocoSegmentationCrf });
 */
export function denseCrf(
  image: RgbImage,
  probabilities: Float32Array,
  options: DenseCrfOptions,
): Float32Array {
  assertDenseCrf(image, probabilities, options);
  return compiledDenseCrf(image, probabilities, options) ?? denseCrfReference(image, probabilities, options);
}
