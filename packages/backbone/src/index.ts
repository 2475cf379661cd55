export type { NDArray } from '@toco/formats';
export { exportArrays, importArrays, type Adapt, type ArrayMapping, type ImportReport } from './arrays.js';
export type {
  ApplyOptions,
  Backbone,
  BackboneOutput,
  BlockFunction,
  Grid,
  Rgb,
  Tap,
  Taps,
} from './backbone.js';
export type { BlockParams, LinearParams, NormParams } from './block.js';
export { defaultLayout, type Layout } from './layout.js';
export { imagenetMean, imagenetStd } from './normalization.js';
export { poolClassToken } from './pool-class-token.js';
export { exportPretrained, loadPretrained } from './pretrained.js';
export {
  deitBase,
  deitSmall,
  deitTiny,
  dinoVitBase,
  dinoVitSmall,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
  type VariantOptions,
} from './variants.js';
export { vit, type Vit, type VitOptions } from './vit.js';
export type { VitParams } from './vit-params.js';
export {
  readWeights,
  type ReadWeightsOptions,
  type WeightFormat,
  type WeightNaming,
  type Weights,
} from './weights/read-weights.js';
