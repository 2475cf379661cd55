import { filterLattice } from './filter-lattice.js';
import { buildLattice, type Lattice } from './lattice.js';

/** Standard deviation of a Gaussian kernel, in pixels. */
export interface GaussianOptions {
  readonly sigmaXy: number;
}

/** Standard deviations of a bilateral kernel: of the position in pixels, of the color in levels 0…255. */
export interface BilateralOptions extends GaussianOptions {
  readonly sigmaRgb: number;
}

/** RGB levels 0…255, `[h, w, 3]`. */
export type RgbImage = Float32Array | Uint8Array | Uint8ClampedArray | Int32Array;

/**
 * Lattice of the bilateral kernel: features x/σ_xy, y/σ_xy, r/σ_rgb, g/σ_rgb, b/σ_rgb, in this order.
 *
 * @param image `[h, w, 3]`, levels 0…255
 * @throws where the image has another size or a standard deviation is not positive
 * @example
 * const lattice = bilateralLattice(image, 112, 112, { sigmaXy: 50, sigmaRgb: 15 });
 */
export function bilateralLattice(
  image: RgbImage,
  height: number,
  width: number,
  { sigmaXy, sigmaRgb }: BilateralOptions,
): Lattice {
  if (image.length !== height * width * 3)
    throw new Error(
      `bilateralLattice: an image of ${image.length} values instead of ${height} × ${width} × 3`,
    );
  assertPositive({ sigmaXy, sigmaRgb });
  const features = new Float32Array(height * width * 5);
  for (let y = 0, i = 0, j = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3, j += 5) {
      features[j] = x / sigmaXy;
      features[j + 1] = y / sigmaXy;
      features[j + 2] = image[i]! / sigmaRgb;
      features[j + 3] = image[i + 1]! / sigmaRgb;
      features[j + 4] = image[i + 2]! / sigmaRgb;
    }
  }
  return buildLattice(features, height * width, 5);
}

/**
 * Lattice of the Gaussian kernel of positions: features x/σ_xy, y/σ_xy. The same for all images of a size.
 *
 * @throws where the standard deviation is not positive
 * @example
 * const lattice = gaussianLattice(112, 112, { sigmaXy: 3 });
 */
export function gaussianLattice(height: number, width: number, { sigmaXy }: GaussianOptions): Lattice {
  assertPositive({ sigmaXy });
  const features = new Float32Array(height * width * 2);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 2) {
      features[i] = x / sigmaXy;
      features[i + 1] = y / sigmaXy;
    }
  }
  return buildLattice(features, height * width, 2);
}

/** Options of {@link bilateralFilter}. */
export interface BilateralFilterOptions extends BilateralOptions {
  readonly height: number;
  readonly width: number;
  /** Number of channels c of the values. */
  readonly channels: number;
}

/**
 * Filters the channels of `values` with the bilateral kernel of `image`, not normalized, every pixel itself included:
 * out_p ≈ Σ_q exp(−‖xy_p − xy_q‖²/2σ_xy² − ‖rgb_p − rgb_q‖²/2σ_rgb²) · values_q, on the permutohedral lattice.
 *
 * @param values `[h, w, c]`
 * @param image `[h, w, 3]`, levels 0…255
 * @returns `[h, w, c]`
 * @example
 * const smooth = bilateralFilter(mask, image, { height: 8, width: 8, channels: 1, sigmaXy: 50, sigmaRgb: 15 });
 */
export function bilateralFilter(
  values: Float32Array,
  image: RgbImage,
  { height, width, channels, sigmaXy, sigmaRgb }: BilateralFilterOptions,
): Float32Array {
  return filterLattice(bilateralLattice(image, height, width, { sigmaXy, sigmaRgb }), values, channels);
}

function assertPositive(sigmas: Record<string, number>): void {
  for (const [name, sigma] of Object.entries(sigmas))
    if (!(sigma > 0)) throw new Error(`${name} is ${sigma}, must be positive`);
}
