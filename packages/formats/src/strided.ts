import type { NDData } from './nd-array.js';
import { elementCount } from './shape.js';

/** Steps, in elements, from one index to the next along each axis of an array whose last axis is contiguous. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Steps of an array whose first axis is contiguous (Fortran, MATLAB). */
export function columnMajorStrides(shape: readonly number[]): number[] {
  return rowMajorStrides(shape.toReversed()).toReversed();
}

/** Whether the steps are those of a row-major array; axes of length 1 take no step. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajorStrides(shape);
  return shape.every((size, axis) => size === 1 || strides[axis] === expected[axis]);
}

/** Offset of every element in row-major order; the caller has checked that all lie inside. */
export function stridedOffsets(
  shape: readonly number[],
  strides: readonly number[],
  visit: (offset: number, index: number) => void,
): void {
  const count = elementCount(shape);
  const position = new Array<number>(shape.length).fill(0);
  let offset = 0;
  for (let index = 0; index < count; index++) {
    visit(offset, index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
}

/** Fills `out` with the elements that `shape` and `strides` pick from `data`, in row-major order. */
export function gather<T extends Record<number, unknown>>(
  data: Readonly<T>,
  shape: readonly number[],
  strides: readonly number[],
  out: T,
): T {
  const target: Record<number, unknown> = out;
  stridedOffsets(shape, strides, (offset, index) => {
    target[index] = data[offset];
  });
  return out;
}

/** The elements of an array that was written column by column, row by row. */
export function toRowMajor<T extends NDData>(data: T, shape: readonly number[]): T {
  return gather(data, shape, columnMajorStrides(shape), data.slice() as T);
}
