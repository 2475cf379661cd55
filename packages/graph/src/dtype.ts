import type { DType, TypedArray } from '@toco/core';

/** TensorFlow's own numbers of its types (`TF_DataType`). */
export const TF = {
  float32: 1,
  uint8: 4,
  int32: 3,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;

const names = new Map<number, DType>([
  [TF.float32, 'float32'],
  [TF.int32, 'int32'],
  [TF.bool, 'bool'],
  [TF.uint8, 'uint8'],
]);

/** Name of TensorFlow's type `code`; throws, naming `what`, for one that cannot cross the border to JavaScript. */
export function dtypeName(code: number, what: string): DType {
  const name = names.get(code);
  if (!name) {
    throw new Error(
      `${what} has TensorFlow type ${code}; only ${[...names.values()].join(', ')} are supported.`,
    );
  }
  return name;
}

/** A zeroed array of `length` elements. */
export function emptyArray(dtype: DType, length: number): TypedArray {
  if (dtype === 'float32') return new Float32Array(length);
  return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
}

/** Whether `data` can hold elements of `dtype` without conversion. */
export function holds(data: TypedArray, dtype: DType): boolean {
  const tag = Object.prototype.toString.call(data).slice(8, -1);
  if (dtype === 'float32') return tag === 'Float32Array';
  if (dtype === 'int32') return tag === 'Int32Array';
  return tag === 'Uint8Array' || tag === 'Uint8ClampedArray';
}

/** The type an array has unless it is told otherwise; bytes are `uint8`, never `bool`. */
export function defaultDType(data: TypedArray): DType | undefined {
  return (['float32', 'int32', 'uint8'] as const).find((dtype) => holds(data, dtype));
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** The type of a variable for values of a type, see `wideIntegers` of `EngineOptions`. */
export function variableType(
  dtype: DType,
  { wideIntegers = false }: { wideIntegers?: boolean | undefined },
): number {
  return wideIntegers && dtype === 'int32' ? TF.int64 : TF[dtype];
}
