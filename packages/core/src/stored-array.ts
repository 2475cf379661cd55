/** An array as a file of weights holds it, in row-major order. Those of `@toco/formats` are such. */
export interface StoredArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView & { readonly length: number };
}

/** A {@link StoredArray} of 32-bit floats, as parameters are written. */
export interface FloatArray extends StoredArray {
  readonly dtype: 'float32';
  readonly data: Float32Array;
}
