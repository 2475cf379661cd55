import { refuse } from './format-error.js';
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from './half.js';
import type { DType, NDArray, NDData } from './nd-array.js';
import { elementCount } from './shape.js';

/** Bytes that one element takes in a file. */
export const elementSize: Readonly<Record<DType, number>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float32: 4,
  float64: 8,
};

const containers = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  float16: Float32Array,
  bfloat16: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}

/** Elements of `dtype` in memory of their own. `bytes` holds a whole number of them, the least significant byte first. */
export function decodeElements(bytes: Uint8Array, dtype: DType, bigEndian = false): NDData {
  // Typed arrays read the machine's order, which is little-endian wherever Node runs TensorFlow.
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  if (bigEndian && elementSize[dtype] > 1) swapBytes(own, elementSize[dtype]);
  if (dtype === 'bool') return own.map((byte) => (byte === 0 ? 0 : 1));
  if (dtype === 'float16') return widenFloat16(new Uint16Array(own.buffer));
  if (dtype === 'bfloat16') return widenBfloat16(new Uint16Array(own.buffer));
  return new containers[dtype](own.buffer);
}

/** The bytes of an array as a file holds them, least significant first; shared with the array where nothing changes. */
export function encodeElements(array: NDArray): Uint8Array {
  let { data } = array;
  if (!(data instanceof containers[array.dtype])) {
    refuse(`an array of ${array.dtype} must hold its elements in a ${containers[array.dtype].name}`);
  }
  if (elementCount(array.shape) !== data.length) {
    refuse(`an array of shape [${array.shape.join()}] can't have ${data.length} elements`);
  }
  if (array.dtype === 'float16') data = narrowFloat16(data as Float32Array);
  if (array.dtype === 'bfloat16') data = narrowBfloat16(data as Float32Array);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Room for `count` elements of `dtype`, all zero. */
export function allocateElements(dtype: DType, count: number): NDData {
  return new containers[dtype](count);
}
