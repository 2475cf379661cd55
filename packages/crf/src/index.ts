export {
  bilateralFilter,
  type BilateralFilterOptions,
  bilateralLattice,
  type BilateralOptions,
  gaussianLattice,
  type GaussianOptions,
  type RgbImage,
} from './bilateral.js';
export type { DenseCrfOptions } from './dense-crf-options.js';
export {
  afaCrf,
  deepLabCrf,
  type DenseCrfKernels,
  irnLabelCrf,
  tocoCamCrf,
  tocoSegmentationCrf,
} from './dense-crf-presets.js';
export { denseCrfReference } from './dense-crf-reference.js';
export { denseCrf } from './dense-crf/dense-crf.js';
export { filterLattice, type FilterLatticeOptions } from './filter-lattice.js';
export { labelProbabilities, type LabelProbabilitiesOptions } from './label-probabilities.js';
export { latticeSizes, pickLatticeSize } from './lattice-sizes.js';
export { buildLattice, type Lattice } from './lattice.js';
export { type LatticeArrays, packLattices, type PackLatticesOptions } from './pack-lattices.js';
export { viewLattice, type ViewLatticeOptions } from './view-lattice.js';
