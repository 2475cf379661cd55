export { abs } from './abs.js';
export { assertShape, type DimensionPattern, type Dimensions } from './assert-shape.js';
export { clampMin } from './clamp-min.js';
export { conv2dDilated, type ConvolutionOptions } from './conv2d-dilated.js';
export { customGradient, type Save } from './custom-gradient.js';
export { detach, withoutGradient } from './detach.js';
export { everySecond } from './every-second.js';
export { gelu } from './gelu.js';
export { kaimingUniform, ones, truncatedNormal, uniform, zeros } from './initialisers.js';
export { type Interpolation } from './interpolation.js';
export { l2Normalize } from './l2-normalize.js';
export { layerNorm } from './layer-norm.js';
export { linear } from './linear.js';
export { maxOverTokens } from './max-over-tokens.js';
export { patchEmbed } from './patch-embed.js';
export { childSeed, normalDraws, randomGenerator } from './random.js';
export { mean, sum, type ReduceOptions } from './reduce.js';
export { resize } from './resize.js';
export { logSoftmax, softmax } from './softmax.js';
export {
  barrier,
  compiling,
  fuse,
  inFloat32,
  type Barrier,
  type Fuse,
  type InFloat32,
  type StepCompiler,
} from './step-compiler.js';
export {
  disposeTree,
  flattenTree,
  mapTree,
  unflattenTree,
  zipTrees,
  type LeafFunction,
  type TensorTree,
} from './tensor-tree.js';
export { valueAndGrad, type LossAndAux, type ValueAndGrad } from './value-and-grad.js';
export { weightNorm } from './weight-norm.js';
