import { allocateElements, decodeElements, elementSize } from '../elements.js';
import { refuse } from '../format-error.js';
import type { DType, NDArray, NDData } from '../nd-array.js';
import { elementCount } from '../shape.js';
import { toRowMajor } from '../strided.js';
import { type MatElement, unitType } from './element.js';

/** The numbers of an element, as many as `shape` has, in the type in which they are stored. */
export function storedNumbers(element: MatElement, shape: readonly number[], bigEndian: boolean): NDData {
  const stored = unitType(element.type);
  const expected = elementCount(shape) * elementSize[stored];
  if (element.bytes.length !== expected) {
    refuse(`MATLAB array [${shape.join()}] takes ${expected} bytes, it has ${element.bytes.length}`);
  }
  return decodeElements(element.bytes, stored, bigEndian);
}

/** MATLAB stores numbers in the smallest type that holds them: they are widened to the array's own. */
export function numericArray(data: NDData, shape: readonly number[], dtype: DType): NDArray {
  const out = allocateElements(dtype, data.length);
  const isLong = dtype === 'int64' || dtype === 'uint64';
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!isLong) out[i] = dtype === 'bool' ? Number(Boolean(value)) : Number(value);
    else if (typeof value === 'bigint') out[i] = value;
    else if (Number.isInteger(value)) out[i] = BigInt(value);
    else refuse('MATLAB array of whole numbers holds one that is none');
  }
  return { dtype, shape, data: toRowMajor(out, shape) };
}
