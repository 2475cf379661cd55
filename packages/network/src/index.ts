export { classify } from './classifier.js';
export { decode } from './decoder.js';
export { createNetwork, type Network, type NetworkOptions, type NetworkOutput } from './network.js';
export type {
  ClassifierParams,
  ConvolutionParams,
  DecoderParams,
  NetworkParams,
  NetworkState,
  ProjectionHeadParams,
} from './params.js';
export { project, type ProjectionSizes } from './projection-head.js';
export { rawCams, type Classifiers, type RawCams } from './raw-cams.js';
