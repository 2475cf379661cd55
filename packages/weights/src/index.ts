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
export { hubToken } from './hub-cache.js';
export { type HubModel, parseHubName } from './hub-name.js';
export { hubEndpoint, resolveWeights, type ResolveWeightsOptions } from './resolve-weights.js';
export { randomStartWarning } from './random-start.js';
export { startingWeights, type StartingWeights } from './starting-weights.js';
export { checkpointFiles } from './checkpoints/checkpoint-files.js';
export { averagePrefix } from './checkpoints/stored-average.js';
export {
  checkpointDamage,
  type CheckpointHeader,
  listCheckpoints,
  type NetworkConfig,
  readCheckpointHeader,
  readModel,
  type ReadModelOptions,
  wholeCheckpoint,
} from './checkpoints/read-checkpoint.js';
export {
  type DescribedNetwork,
  describedNetwork,
  type NetworkSettings,
} from './loading/described-network.js';
export { loadBackbone, rememberedBackbone } from './loading/load-backbone.js';
export { type LoadedNetwork, loadNetwork, type LoadNetworkOptions } from './loading/load-network.js';
export { loadNetworkModule, rememberedNetwork } from './loading/load-network-module.js';
export { assertUnnamed, namedBackbone } from './loading/named-backbone.js';
