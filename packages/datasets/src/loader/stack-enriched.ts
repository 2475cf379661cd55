import { UserError } from '@toco/files';
import type { FeedArray } from './feed-batch.js';

/**
 * What an enrichment gave for each image of a batch as arrays `[B,…]`, by name.
 *
 * @param ids names of the images, for errors
 * @param enriched of each image an object of `{ data, shape }`, floats or 32-bit integers; names, types and shapes are alike in all
 * @throws One line where they are not.
 */
export function stackEnriched(
  ids: readonly string[],
  enriched: readonly unknown[],
): Readonly<Record<string, FeedArray>> {
  const all = enriched.map((value, i) => arraysOf(value, ids[i]!));
  const [first] = all as [Record<string, FeedArray>];
  all.forEach((arrays, i) => {
    const [own, expected] = [describe(arrays), describe(first)];
    if (own !== expected)
      throw new UserError(
        `enrichment: ${ids[i]!} gave ${own}, ${ids[0]!} ${expected}; give the same for every image.`,
      );
  });
  const stacked = Object.entries(first).map(([name, { data: one, shape }]) => {
    const length = one.length * all.length;
    const data = one instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);
    all.forEach((arrays, i) => {
      data.set(arrays[name]!.data, i * one.length);
    });
    return [name, { data, shape: [all.length, ...shape] }] as const;
  });
  return Object.fromEntries(stacked);
}

function arraysOf(value: unknown, id: string): Record<string, FeedArray> {
  const refuse = (what: string): never => {
    throw new UserError(
      `enrichment: ${id}: ${what}; return { name: { data, shape } }, data a Float32Array or Int32Array of as many values as the shape has.`,
    );
  };
  if (typeof value !== 'object' || value === null) return refuse(`gave ${String(value)}`);
  const entries = Object.entries(value as Record<string, Partial<FeedArray> | null | undefined>);
  for (const [name, array] of entries) {
    const { data, shape } = array ?? {};
    const isNumbers = data instanceof Float32Array || data instanceof Int32Array;
    if (!isNumbers || !Array.isArray(shape) || data.length !== shape.reduce((a, b) => a * b, 1))
      refuse(`"${name}" is not an array with its shape`);
  }
  return value as Record<string, FeedArray>;
}

/** Names, types and shapes, in the order of the names. */
function describe(arrays: Readonly<Record<string, FeedArray>>): string {
  const parts = Object.entries(arrays).map(
    ([name, { data, shape }]) =>
      `${name}: ${data instanceof Float32Array ? 'float32' : 'int32'} [${shape.join()}]`,
  );
  return parts.sort().join(', ') || 'nothing';
}
