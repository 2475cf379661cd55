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
export type { BlockParams, FeedForwardParams, LayerScaleParams, LinearParams, NormParams } from './block.js';
export { dinov2VitBase, dinov2VitSmall, type Dinov2Options } from './dinov2.js';
export { defaultLayout, type Layout } from './layout.js';
export { imagenetMean, imagenetStd } from './normalization.js';
export type { PatchMergingParams } from './patch-merging.js';
export { poolClassToken } from './pool-class-token.js';
export type { PositionOptions } from './positions.js';
export { exportPretrained, loadPretrained } from './pretrained.js';
export type { SwinBlockParams } from './swin-block.js';
export type { SwinParams, SwinStageParams } from './swin-params.js';
export { swinTiny } from './swin-tiny.js';
export { swin, type Swin, type SwinOptions } from './swin.js';
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
