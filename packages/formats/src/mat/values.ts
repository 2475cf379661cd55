import type { NDArray } from '../nd-array.js';

/** An array of named fields; a single structure is an array of one. */
export interface MatStruct {
  readonly kind: 'struct';
  readonly shape: readonly number[];
  /** One map of fields per element, row-major. */
  readonly elements: readonly ReadonlyMap<string, MatValue>[];
}

/** An array whose elements are values of any kind. */
export interface MatCell {
  readonly kind: 'cell';
  readonly shape: readonly number[];
  /** Row-major. */
  readonly elements: readonly MatValue[];
}

/** Something that is passed over: a sparse matrix, an object, a function. */
export interface MatSkipped {
  readonly kind: 'skipped';
  readonly what: string;
}

/** A value of a MATLAB file: numbers and logicals row-major, text (rows separated by line ends), structures and cells. */
export type MatValue = NDArray | string | MatStruct | MatCell | MatSkipped;
