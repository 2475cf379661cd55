export { latticeFilter, latticeTensors, type LatticeTensors } from './lattice-filter.js';
export { latticeSizes, pickLatticeSize } from './lattice-sizes.js';
export { packLattices, type LatticeArrays, type PackLatticesOptions } from './pack-lattices.js';
