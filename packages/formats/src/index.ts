export type { DType, NDArray, NDData } from './nd-array.js';
export { decodeSafetensors } from './safetensors.js';
