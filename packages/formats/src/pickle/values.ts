import type { NDArray } from '../nd-array.js';

/** A class or function that a pickle names; only those on a list are accepted, and nothing of Python is ever run. */
export interface PickleGlobal {
  readonly global: string;
}

/** An object of a known class that is of no use here but may stand in a file (a Namespace of arguments), as plain data. */
export interface PickleObject {
  readonly className: string;
  attributes: ReadonlyMap<PickleKey, PickleValue>;
}

/** A NumPy array of Python objects, row-major. */
export interface ObjectArray {
  readonly dtype: 'object';
  readonly shape: readonly number[];
  readonly values: readonly PickleValue[];
}

export type PickleKey = string | number | bigint | boolean | null;

/**
 * What a pickle can hold here: `None` → null, integers → number (bigint beyond 2⁵³), tuples and lists → arrays, dictionaries →
 * maps in their order, NumPy arrays and PyTorch tensors → {@link NDArray}, NumPy scalars → number, bigint or boolean.
 */
export type PickleValue =
  | PickleKey
  | Uint8Array
  | PickleValue[]
  | Map<PickleKey, PickleValue>
  | NDArray
  | ObjectArray
  | PickleObject
  | PickleGlobal;

/** Whether a value is an array of Python objects. */
export function isObjectArray(value: unknown): value is ObjectArray {
  return (
    typeof value === 'object' &&
    value !== null &&
    'dtype' in value &&
    value.dtype === 'object' &&
    'values' in value
  );
}

/** Whether a value can be a key of a dictionary here. */
export function isKey(value: PickleValue): value is PickleKey {
  return value === null || typeof value !== 'object';
}
