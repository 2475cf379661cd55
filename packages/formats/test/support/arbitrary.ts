import fc from 'fast-check';
import type { DType, NDArray, NDData } from '../../src/nd-array.js';
import { widenBfloat16, widenFloat16 } from '../../src/half.js';

const containers = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

function elements(dtype: DType, bytes: Uint8Array): NDData {
  const { buffer } = Uint8Array.from(bytes);
  if (dtype === 'bool') return Uint8Array.from(bytes, (byte) => byte & 1);
  if (dtype === 'float16') return widenFloat16(new Uint16Array(buffer));
  if (dtype === 'bfloat16') return widenBfloat16(new Uint16Array(buffer));
  return new containers[dtype](buffer);
}

const sizes: Record<DType, number> = {
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

export const everyDType = Object.keys(sizes) as DType[];

/**
 * Arrays of any type, shape and bit pattern, NaNs among them. Nothing is filtered away: of large arrays of 16-bit numbers
 * hardly one is without a NaN, and a generator that waits for it takes the processor for minutes or for ever.
 */
export function anyArray(dtypes: readonly DType[] = everyDType): fc.Arbitrary<NDArray> {
  const shape = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });
  return fc.tuple(fc.constantFrom(...dtypes), shape).chain(([dtype, dims]) => {
    const length = dims.reduce((product, size) => product * size, 1) * sizes[dtype];
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape: dims, data: elements(dtype, bytes) }));
  });
}
