export { type ConvertOptions, convertWeights } from './convert-weights.js';
export { formatImportReport, listNames } from './import-report.js';
export { namePrefix } from './name-prefix.js';
export { namingWeights } from './naming-weights.js';
export { importNetwork, readNetworkArrays } from './network-weights.js';
export {
  readWeights,
  type ReadWeightsOptions,
  type WeightFormat,
  type WeightNaming,
  type Weights,
} from './read-weights.js';
export { resolveWeights, type ResolveWeightsOptions } from './resolve-weights.js';
export { randomStartWarning } from './random-start.js';
export { startingWeights, type StartingWeights } from './starting-weights.js';
