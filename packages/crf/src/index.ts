export {
  bilateralFilter,
  bilateralLattice,
  gaussianLattice,
  type BilateralFilterOptions,
  type BilateralOptions,
  type GaussianOptions,
  type RgbImage,
} from './bilateral.js';
export { filterLattice, type FilterLatticeOptions } from './filter-lattice.js';
export { buildLattice, type Lattice } from './lattice.js';
