export { FormatError } from './format-error.js';
export { type DType, isNDArray, type NDArray, type NDData } from './nd-array.js';
export { decodeNpy } from './npy/decode.js';
export { encodeNpy } from './npy/encode.js';
export { decodeLabelPng, encodeLabelPng, type LabelMap } from './png/label-png.js';
export { vocPalette } from './png/voc-palette.js';
export { decodeSafetensors, decodeSafetensorsMetadata } from './safetensors/decode.js';
export { encodeSafetensors } from './safetensors/encode.js';
export {
  openSafetensors,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors/file.js';
export { writeWhole } from './write-whole.js';
