import type * as tf from '@tensorflow/tfjs-core';

/** One place of a shape pattern: a size, the name of a size, or `null` for anything. */
export type DimensionPattern = number | string | null;

/** Sizes of the named dimensions of a pattern. */
export type Dimensions<P extends readonly DimensionPattern[]> = Readonly<
  Record<Exclude<Extract<P[number], string>, '...'>, number>
>;

/**
 * Checks the shape of a tensor against a pattern and returns the sizes of its named dimensions.
 *
 * A number must be met exactly, a name stands for any size (the same one wherever it is repeated), `null` for any size, and
 * a leading `'...'` for any number of dimensions in front.
 *
 * @param name what the tensor is called in the error, such as `'ptcLoss: patchTokens'`
 * @throws one line with the expected pattern and the actual shape
 * @example
 * const { B, N, D } = assertShape('ptcLoss: patchTokens', patchTokens, ['B', 'N', 'D']);
 * assertShape('ptcLoss: affinity', affinity, [B, N, N]);
 */
export function assertShape<const P extends readonly DimensionPattern[]>(
  name: string,
  tensor: tf.Tensor,
  pattern: P,
): Dimensions<P> {
  const open = pattern[0] === '...';
  const expected = open ? pattern.slice(1) : pattern;
  const front = tensor.shape.length - expected.length;
  const sizes: Record<string, number> = {};
  const matches = expected.every((dimension, i) => {
    const size = tensor.shape[front + i];
    if (size === undefined) return false;
    if (typeof dimension === 'number') return size === dimension;
    return dimension === null || (sizes[dimension] ??= size) === size;
  });
  if (!matches || (open ? front < 0 : front !== 0)) {
    const wanted = pattern.map((dimension) => dimension ?? '?').join(',');
    throw new Error(`${name} has shape [${tensor.shape.join(',')}], expected [${wanted}]`);
  }
  return sizes as Dimensions<P>;
}
