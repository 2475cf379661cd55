import type * as tf from '@tensorflow/tfjs-core';

/** Bounds of {@link expectClose}: passes when the error is within `relative · max |expected| + absolute`. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

/** Largest |actual − expected|, and largest |expected|. */
export function largestError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { error: number; scale: number } {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values instead of ${expected.length}`);
  let error = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= error)) error = difference;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return { error, scale };
}

/** Fails unless shapes are equal and max |actual − expected| ≤ relative · max |expected| + absolute. NaN fails. */
export async function expectClose(
  actual: tf.Tensor,
  expected: tf.Tensor,
  tolerance: Tolerance,
): Promise<void> {
  if (String(actual.shape) !== String(expected.shape)) {
    throw new Error(`shape [${actual.shape.join()}] instead of [${expected.shape.join()}]`);
  }
  const { error, scale } = largestError(await actual.data(), await expected.data());
  const bound = (tolerance.relative ?? 0) * scale + (tolerance.absolute ?? 0);
  if (!(error <= bound))
    throw new Error(`error ${error} is beyond ${bound} (largest expected value ${scale})`);
}
