export {
  bilateralFilter,
  bilateralLattice,
  gaussianLattice,
  type BilateralFilterOptions,
  type BilateralOptions,
  type GaussianOptions,
  type RgbImage,
} from './bilateral.js';
export { denseCrf } from './dense-crf.js';
export { type DenseCrfOptions } from './dense-crf-options.js';
export {
  afaCrf,
  deepLabCrf,
  irnLabelCrf,
  tocoCamCrf,
  tocoSegmentationCrf,
  type DenseCrfKernels,
} from './dense-crf-presets.js';
export { denseCrfReference } from './dense-crf-reference.js';
export { filterLattice, type FilterLatticeOptions } from './filter-lattice.js';
export { labelProbabilities, type LabelProbabilitiesOptions } from './label-probabilities.js';
export { buildLattice, type Lattice } from './lattice.js';
