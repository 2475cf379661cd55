export type { ApplyOptions } from '@toco/backbone';
export type { ImportReport } from '@toco/backbone';
export { assertParamNames } from './checkpoint.js';
export { classify } from './classifier.js';
export { decode } from './decoder.js';
export { BackboneError } from './check-output.js';
export {
  createNetwork,
  type MakeNetwork,
  type Network,
  type NetworkOptions,
  type NetworkOutput,
} from './network.js';
export type {
  ClassifierParams,
  ConvolutionParams,
  DecoderParams,
  NetworkParams,
  NetworkState,
  ProjectionHeadParams,
} from './params.js';
export { project, type ProjectionSizes } from './projection-head.js';
export { type Classifiers, rawCams, type RawCams } from './raw-cams.js';
export { textScores } from './text-scores.js';
export { frozenBackbone, unevenScales } from './network-notes.js';
