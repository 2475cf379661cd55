import type { NDArray } from '@toco/formats';
import { UserError } from '@toco/files';

/** One array of a checkpoint under timm's name, and the arrays that it is made of. */
export interface Renaming {
  /** Name in timm's layout. */
  readonly name: string;
  /** Names in the file, in the order in which `make` takes them. */
  readonly from: readonly string[];
  /** The array in PyTorch's layout. */
  readonly make: (...arrays: readonly NDArray[]) => NDArray;
}

/** Checks an array's number of axes. @throws one line that names what the array should be */
export function axes(array: NDArray, count: number, meaning: string): readonly number[] {
  if (array.shape.length === count) return array.shape;
  throw new UserError(`has shape [${array.shape.join()}] where ${meaning} is expected`);
}

/** The values of a floating-point array in 32 bits. */
export function floats({ dtype, data }: NDArray): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  throw new UserError(`holds ${dtype} values where floating-point numbers are expected`);
}

/** The same numbers in another shape. */
export function reshaped(array: NDArray, shape: readonly number[]): NDArray {
  return { dtype: 'float32', shape, data: floats(array) };
}

/** Arrays one after the other along their first axis: query, key and value become one projection. */
export function stacked(...arrays: readonly NDArray[]): NDArray {
  const [first, ...others] = arrays;
  const [, ...rest] = first!.shape;
  if (others.some((array) => String(array.shape) !== String(first!.shape))) {
    throw new UserError(
      `has parts of unequal shapes ${arrays.map(({ shape }) => `[${shape.join()}]`).join(', ')}`,
    );
  }
  const data = new Float32Array(arrays.reduce((sum, array) => sum + array.data.length, 0));
  let offset = 0;
  for (const array of arrays) {
    data.set(floats(array), offset);
    offset += array.data.length;
  }
  return { dtype: 'float32', shape: [first!.shape[0]! * arrays.length, ...rest], data };
}

/** A matrix with rows and columns exchanged. */
export function transposed(array: NDArray): NDArray {
  const [rows = 0, columns = 0] = axes(array, 2, 'a matrix');
  const values = floats(array);
  const data = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      data[column * rows + row] = values[row * columns + column]!;
  }
  return { dtype: 'float32', shape: [columns, rows], data };
}

/** What {@link rename} gives. */
export interface Renamed {
  readonly arrays: Record<string, NDArray>;
  /** Names in the file that no renaming takes. */
  readonly leftOut: readonly string[];
}

/**
 * Applies those renamings whose arrays are all there.
 *
 * @throws one line that names the first array with a shape or type that does not fit
 */
export function rename(arrays: Readonly<Record<string, NDArray>>, renamings: Iterable<Renaming>): Renamed {
  const taken = new Set<string>();
  const result: Record<string, NDArray> = {};
  for (const { name, from, make } of renamings) {
    if (!from.every((source) => Object.hasOwn(arrays, source))) continue;
    try {
      result[name] = make(...from.map((source) => arrays[source]!));
    } catch (error) {
      throw new UserError(`${from[0]}: ${(error as Error).message}`, { cause: error });
    }
    for (const source of from) taken.add(source);
  }
  return { arrays: result, leftOut: Object.keys(arrays).filter((name) => !taken.has(name)) };
}
