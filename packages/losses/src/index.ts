export type { LatticeArrays } from '@toco/crf';
export { clsLoss } from './cls-loss.js';
export { ctcLoss, type CtcLossOptions } from './ctc-loss.js';
export { denseEnergyLattices, type DenseEnergyLatticesOptions } from './dense-energy-lattices.js';
export {
  denseEnergyLoss,
  type DenseEnergyLossOptions,
  type DenseEnergyTargets,
} from './dense-energy-loss.js';
export { latticeFilter, latticeTensors, type LatticeTensors, sliceLattice } from './lattice-filter.js';
export { ptcLoss, type PtcLossOptions } from './ptc-loss.js';
export { segLoss, type SegLossOptions } from './seg-loss.js';
export { tokenAffinity, type TokenAffinityOptions } from './token-affinity.js';
