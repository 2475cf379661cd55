/** Element types that the formats of this package can hold. */
export type DType =
  | 'bool'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'float16'
  | 'bfloat16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64';

/** The typed array that holds elements of `DType`: 16-bit floats are widened to 32 bits, `bool` is one byte. */
export type NDData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** A dense array in row-major order. `dtype` is the type in the file: 16-bit floats stay named so while held in 32 bits. */
export interface NDArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: NDData;
}

/** Whether `value` is an {@link NDArray}, among other values that a file can hold. */
export function isNDArray(value: unknown): value is NDArray {
  if (typeof value !== 'object' || value === null) return false;
  const { dtype, shape, data } = value as Partial<NDArray>;
  return typeof dtype === 'string' && Array.isArray(shape) && ArrayBuffer.isView(data);
}
