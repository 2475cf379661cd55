export { abs } from './abs.js';
export { assertKeys } from './assert-keys.js';
export { assertShape, type DimensionPattern, type Dimensions } from './assert-shape.js';
export { type Behavior, type Correction, type Corrections, corrections, correctionsOf } from './behavior.js';
export { boxMask } from './box-mask.js';
export { clampMin } from './clamp-min.js';
export { conv2dDilated, type ConvolutionOptions } from './conv2d-dilated.js';
export { customGradient, type Save } from './custom-gradient.js';
export { detach, withoutGradient } from './detach.js';
export { everyNth } from './every-nth.js';
export { fusedLinear, type FusedLinearOptions } from './fused-linear.js';
export { gelu } from './gelu.js';
export type { DType, HostTensor, TypedArray } from './host-tensor.js';
export { kaimingUniform, ones, truncatedNormal, uniform, zeros } from './initializers.js';
export type { Interpolation } from './interpolation.js';
export { l2Normalize } from './l2-normalize.js';
export { layerNorm } from './layer-norm.js';
export { linear } from './linear.js';
export { maxOverTokens } from './max-over-tokens.js';
export { nearestName } from './nearest-name.js';
export { clipMean, clipStd, imagenetMean, imagenetStd, type Rgb } from './normalization.js';
export { type OddSizes, scaledSize, type ScaledSizeOptions } from './odd-sizes.js';
export { patchEmbed } from './patch-embed.js';
export { quickGelu } from './quick-gelu.js';
export { childSeed, normalDraws, randomGenerator } from './random.js';
export { mean, type ReduceOptions, sum } from './reduce.js';
export { resolveBehavior } from './resolve-behavior.js';
export { resize } from './resize.js';
export { logSoftmax, softmax } from './softmax.js';
export {
  barrier,
  type Barrier,
  compiling,
  fuse,
  type Fuse,
  inFloat32,
  type InFloat32,
  isForAnyBatch,
  scope,
  type Scope,
  type StepCompiler,
} from './step-compiler.js';
export type { FloatArray, StoredArray } from './stored-array.js';
export {
  disposeTree,
  flattenTree,
  type LeafFunction,
  mapTree,
  type TensorTree,
  unflattenTree,
  zipTrees,
} from './tensor-tree.js';
export { tidied } from './tidied.js';
export { uploadTree } from './upload-tree.js';
export { type LossAndAux, valueAndGrad, type ValueAndGrad } from './value-and-grad.js';
export { weightNorm } from './weight-norm.js';
