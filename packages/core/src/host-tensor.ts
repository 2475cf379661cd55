/** Element types that can enter and leave a compiled function. */
export type DType = 'float32' | 'int32' | 'bool' | 'uint8';

/** Arrays that hold the elements of a {@link DType}. */
export type TypedArray = Float32Array | Int32Array | Uint8Array | Uint8ClampedArray;

/** Values with their shape, outside any backend. */
export interface HostTensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  /** Follows from `data` where missing; bytes are `uint8` unless they are said to be `bool`. */
  readonly dtype?: DType;
}
