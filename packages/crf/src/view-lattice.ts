import { bilateralLattice } from './bilateral.js';
import type { Lattice } from './lattice.js';

/** Options of {@link viewLattice}, plain data. */
export interface ViewLatticeOptions {
  /** Mean and standard deviation that the views were normalised with, of values in 0…1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** σ_xy at full size. */
  readonly sigmaXy: number;
  readonly sigmaRgb: number;
}

/**
 * The bilateral lattice of a sample's main view for the regularisation term: every second pixel of the de-normalised
 * view (not truncated), σ_xy halved with it (METHOD section 2, 10).
 *
 * Runs in the loader's worker threads, so it must not import TensorFlow.
 */
export function viewLattice(images: Float32Array, cropSize: number, options: ViewLatticeOptions): Lattice {
  const { mean, std, sigmaXy, sigmaRgb } = options;
  const half = cropSize / 2;
  const levels = new Float32Array(half * half * 3);
  const scale = std.map((value) => Math.fround(value * 255));
  const offset = mean.map((value) => Math.fround(value * 255));
  let to = 0;
  for (let y = 0; y < cropSize; y += 2) {
    for (let x = 0; x < cropSize; x += 2) {
      const from = (y * cropSize + x) * 3;
      for (let c = 0; c < 3; c++) {
        levels[to++] = Math.fround(images[from + c]! * scale[c]!) + offset[c]!;
      }
    }
  }
  return bilateralLattice(levels, half, half, { sigmaXy: sigmaXy / 2, sigmaRgb });
}
