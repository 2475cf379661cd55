export { latticeTensors, type LatticeArrays, type LatticeTensors } from '@toco/crf/tensor';
export { clsLoss } from './cls-loss.js';
export { ctcLoss, type CtcLossOptions } from './ctc-loss.js';
export {
  denseEnergyLattice,
  denseEnergyLattices,
  type DenseEnergyLatticeOptions,
  type DenseEnergyLatticesOptions,
} from './dense-energy-lattice.js';
export {
  denseEnergyLoss,
  type DenseEnergyLossOptions,
  type DenseEnergyTargets,
} from './dense-energy-loss.js';
export { ptcLoss, type PtcLossOptions } from './ptc-loss.js';
export { segLoss, type SegLossOptions } from './seg-loss.js';
export { tokenAffinity, type TokenAffinityOptions } from './token-affinity.js';
