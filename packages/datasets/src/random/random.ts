import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers that depends on its key alone. */
export interface RandomStream {
  /** A number in `[low, high)`. */
  uniform(low: number, high: number): number;
  /** An integer in `[low, high]`, ends included. */
  integer(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the values. */
  pick<T>(values: readonly T[]): T;
  /** The integers `0 … length − 1` in random order. */
  permutation(length: number): Int32Array;
  /** `length` 32-bit floats in `[0, 1)`, in a new array or in `out`. */
  noise(length: number, out?: Float32Array): Float32Array;
}

/** What the streams of one seed are for: streams of different purpose are independent of each other. */
export const randomPurpose = {
  ...{ order: 1, views: 2, crops: 3, scene: 4, split: 5, substitute: 6 },
  enrichment: 7,
} as const;

/**
 * The random numbers of one key, the same wherever and in whatever order keys are asked for.
 *
 * @param key - Integers, such as `(purpose, seed, epoch, index)`.
 *
 * @example
 * const random = randomStream(randomPurpose.views, seed, epoch, index);
 * random.uniform(0.5, 2);
 */
export function randomStream(...key: readonly number[]): RandomStream {
  const generator = xoroshiro128plusFromState([0, 1, 2, 3].map((word) => hash(word, key)));
  const uniform = (low: number, high: number): number => low + (high - low) * uniformFloat64(generator);
  const integer = (low: number, high: number): number => uniformInt(generator, low, high);
  return {
    uniform,
    integer,
    chance: (probability) => uniform(0, 1) < probability,
    pick: (values) => values[integer(0, values.length - 1)]!,
    permutation(length) {
      const order = Int32Array.from({ length }, (_, i) => i);
      for (let i = length - 1; i > 0; i--) {
        const j = integer(0, i);
        const moved = order[i]!;
        order[i] = order[j]!;
        order[j] = moved;
      }
      return order;
    },
    noise(length, values: Float32Array = new Float32Array(length)) {
      for (let i = 0; i < length; i++) values[i] = uniformFloat32(generator);
      return values;
    },
  };
}

/** 32 well-mixed bits of a list of integers, different for each `word`: every step is a bijection of the running value. */
function hash(word: number, key: readonly number[]): number {
  let state = mix(word + 0x9e3779b9);
  for (const part of key) {
    state = mix(state ^ (part | 0));
    state = mix(state + Math.floor(part / 2 ** 32) + key.length);
  }
  return state;
}

/** Finalizer with full avalanche: every input bit moves every output bit with probability near ½. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) | 0;
}
