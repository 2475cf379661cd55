export { narrowFloat16 } from './half.js';
export { FormatError } from './format-error.js';
export { decodeMat } from './mat/decode.js';
export type { MatCell, MatSkipped, MatStruct, MatValue } from './mat/values.js';
export { type DType, isNDArray, type NDArray, type NDData } from './nd-array.js';
export { decodeLabelDictionary, encodeLabelDictionary } from './npy-objects/label-dictionary.js';
export { decodeNpyObjects, encodeNpyObjects } from './npy-objects/objects.js';
export { decodeNpy } from './npy/decode.js';
export { encodeNpy } from './npy/encode.js';
export { decodeNpz, encodeNpz, type NpzOptions, readNpz, writeNpz } from './npy/npz.js';
export { decodePickle } from './pickle/decode.js';
export { encodePickle } from './pickle/encode.js';
export {
  isObjectArray,
  type ObjectArray,
  type PickleGlobal,
  type PickleKey,
  type PickleObject,
  type PickleValue,
} from './pickle/values.js';
export { decodeLabelPng, encodeLabelPng, type LabelMap } from './png/label-png.js';
export { vocPalette } from './png/voc-palette.js';
export {
  bytesOf,
  type FieldEntry,
  message,
  messageBytes,
  messagesOf,
  numbersOf,
  type Pieces,
  readMessage,
  type ReadMessage,
  textOf,
} from './protobuf/protobuf.js';
export { type ConnectedPart, connectedParts, rleOfPart } from './rle/connected-parts.js';
export { contourOfPart } from './rle/contours.js';
export { decodeRleCounts, encodeRleCounts } from './rle/counts-text.js';
export { mergeRles } from './rle/merge.js';
export { outlinesOfPart, polygonOfPart } from './rle/outlines.js';
export { rleFromPolygon } from './rle/polygon.js';
export { maskFromRle, type Rle, rleArea, rleFromMask } from './rle/rle.js';
export { rleFromSegmentation } from './rle/segmentation.js';
export { decodeSafetensors, decodeSafetensorsMetadata } from './safetensors/decode.js';
export { encodeSafetensors } from './safetensors/encode.js';
export {
  openSafetensors,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors/file.js';
export { decodeTorch, readTorch } from './torch/decode.js';
export { type UnwrappedStateDict, unwrapStateDict } from './torch/unwrap-state-dict.js';
export {
  type BoardEvent,
  fileVersion,
  maskedCrc32c,
  readEvents,
  scalars,
  sessionStart,
} from './tensorboard/event-records.js';
