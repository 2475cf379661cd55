export { type DType, isNDArray, type NDArray, type NDData } from '../nd-array.js';
export { decodeSafetensors, decodeSafetensorsMetadata } from './decode.js';
export { encodeSafetensors } from './encode.js';
