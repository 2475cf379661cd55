import { type CApi, type Pointer } from './capi.js';
import type { DType, TypedArray } from '@toco/core';
import { dtypeName, emptyArray, holds, sizeOf, TF } from './dtype.js';

/** A copy of `data` in TensorFlow's own memory; the caller deletes it. Length and type are checked before anything is copied. */
export function nativeTensor(
  api: CApi,
  what: string,
  data: TypedArray,
  shape: readonly number[],
  dtype: DType,
): Pointer {
  assertFits(what, data, shape, dtype);
  return copyIn(api, data, shape, TF[dtype]);
}

/** Smaller arrays are copied sooner than another thread begins. */
const leastForThread = 2 ** 20;

/**
 * Like {@link nativeTensor}, but arrays of a megabyte and more are copied on a thread of their own: a batch of 45 MB would keep
 * the caller for 10 ms or more. What is wrong with the array is thrown at once; until the promise settles, nobody may change it.
 */
export function nativeTensorLater(
  api: CApi,
  what: string,
  data: TypedArray,
  shape: readonly number[],
  dtype: DType,
): Pointer | Promise<Pointer> {
  if (data.byteLength < leastForThread) return nativeTensor(api, what, data, shape, dtype);
  assertFits(what, data, shape, dtype);
  const tensor = api.TF_AllocateTensor(TF[dtype], dimensions(shape), shape.length, data.byteLength);
  return new Promise((resolve, reject) => {
    api.memcpy.async(api.TF_TensorData(tensor), data, data.byteLength, (error) => {
      if (error instanceof Error) reject(error);
      else resolve(tensor);
    });
  });
}

function assertFits(what: string, data: TypedArray, shape: readonly number[], dtype: DType): void {
  if (data.length !== sizeOf(shape)) {
    throw new Error(
      `${what} has ${data.length} elements, but its shape [${shape.join()}] needs ${sizeOf(shape)}.`,
    );
  }
  if (!holds(data, dtype)) {
    throw new Error(`${what} is declared ${dtype}, but its data are a ${data.constructor.name}.`);
  }
}

/** Like {@link nativeTensor}, unchecked and for any TensorFlow type whose bytes are those of `data`. */
export function copyIn(api: CApi, data: NodeJS.TypedArray, shape: readonly number[], code: number): Pointer {
  const tensor = api.TF_AllocateTensor(code, dimensions(shape), shape.length, data.byteLength);
  if (data.byteLength > 0) api.memcpy(api.TF_TensorData(tensor), data, data.byteLength);
  return tensor;
}

/** Copies a tensor out of TensorFlow's memory and deletes it. */
export function takeTensor(
  api: CApi,
  what: string,
  tensor: Pointer,
): { data: TypedArray; shape: number[]; dtype: DType } {
  try {
    const dtype = dtypeName(api.TF_TensorType(tensor), what);
    const shape = Array.from({ length: api.TF_NumDims(tensor) }, (_, axis) => api.TF_Dim(tensor, axis));
    const data = emptyArray(dtype, sizeOf(shape));
    if (data.byteLength > 0) api.memcpy(data, api.TF_TensorData(tensor), data.byteLength);
    return { data, shape, dtype };
  } finally {
    api.TF_DeleteTensor(tensor);
  }
}

/** A shape as the array of 64-bit integers that C functions read. */
export function dimensions(shape: readonly number[]): BigInt64Array {
  return BigInt64Array.from(shape, BigInt);
}
