import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** Options of {@link denormalize}. */
export interface DenormalizeOptions {
  /** What happens to the fractions that 32-bit arithmetic leaves beside the original integers. */
  readonly rounding: 'nearest' | 'truncate' | 'none';
  /** Mean that was subtracted, of values in 0…1 (default: ImageNet's). */
  readonly mean?: readonly [number, number, number] | undefined;
  /** Standard deviation that was divided by, of values in 0…1 (default: ImageNet's). */
  readonly std?: readonly [number, number, number] | undefined;
}

/**
 * Levels 0…255 of normalized images: x · 255·std + 255·mean, one multiplication and one addition in 32 bits.
 *
 * `nearest` recovers the 8-bit image. `truncate` reproduces ToCo's published code, which loses one level at about 3 %
 * of the values, namely where rounding left them just below the integer. A compiler that contracts the two operations
 * into one (XLA may) truncates other values; `nearest` does not depend on it. `none` leaves the fractions.
 *
 * @param images `[B,H,W,3]`, normalized.
 * @returns `[B,H,W,3]`, float32; within 0…255 unless rounding is `none`.
 * @example
 * const levels = denormalize(images, { rounding: 'nearest' });
 */
export function denormalize(
  images: tf.Tensor,
  { rounding, mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }: DenormalizeOptions,
): tf.Tensor4D {
  assertShape('denormalize: images', images, ['B', 'H', 'W', 3]);
  return tf.tidy(() => {
    const scale = tf.tensor1d(std.map((value) => value * 255));
    const offset = tf.tensor1d(mean.map((value) => value * 255));
    const levels = tf.add<tf.Tensor4D>(tf.mul(images, scale), offset);
    if (rounding === 'none') return levels;
    const bounded = tf.clipByValue(levels, 0, 255);
    return rounding === 'nearest' ? tf.round(bounded) : tf.floor(bounded);
  });
}
