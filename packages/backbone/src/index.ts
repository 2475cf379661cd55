export type { Rgb } from '@toco/core';
export { imagenetMean } from '@toco/core';
export { imagenetStd } from '@toco/core';
export { type Adapt, type ArrayMapping, exportArrays, importArrays, type ImportReport } from './arrays.js';
export { backboneByName, type NamedBackboneOptions } from './backbone-by-name.js';
export type { ApplyOptions, Backbone, BackboneOutput, BlockFunction, Grid, Tap, Taps } from './backbone.js';
export type { BlockParams, FeedForwardParams, LayerScaleParams, LinearParams, NormParams } from './block.js';
export { type ClipOptions, clipVitBase } from './clip.js';
export { type Dinov2Options, dinov2VitBase, dinov2VitSmall } from './dinov2.js';
export { defaultLayout, type Layout } from './layout.js';
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
  type VariantOptions,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
} from './variants.js';
export type { VitParams } from './vit-params.js';
export { vit, type Vit, type VitOptions } from './vit.js';
