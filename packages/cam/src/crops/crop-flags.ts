import { assertShape, inFloat32 } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Behavior } from '@toco/core';
import { boxMask } from '@toco/core';

/** Where the crops lie. */
export interface CropFlagsTargets {
  /** `[B,P,2]`, y and x of the crops' top-left corners, from `drawCrops`. */
  readonly origins: tf.Tensor;
  /** `[B,4]`, boxes of real pixels `[y0,y1,x0,x1]`, ends excluded. */
  readonly imgBox: tf.Tensor;
}

/** Options of {@link cropFlags}. */
export interface CropFlagsOptions {
  /** s: side of a crop in pixels (96 in ToCo). */
  readonly cropSize: number;
  /** Crops with a mean region of at most this are negatives (0.2 in ToCo; foreground counts 2). */
  readonly threshold?: number | undefined;
  /** Global views, flagged positive in front of the crops (2 in ToCo). */
  readonly numGlobals?: number | undefined;
  /** `corrected`: mean over the crop's real pixels. `reference`: mean over the crop, padding counts as background. */
  readonly behavior?: Behavior | undefined;
}

/**
 * Which views are positives (1) and which negatives (0) of the class token contrast.
 *
 * A crop is a negative when the mean of the region mask over it is at most the threshold: nearly all background.
 *
 * Source: ToCo (Ru et al., CVPR 2023), class token contrast.
 *
 * @param region `[B,H,W]`, from `regionMask`.
 * @returns `[B,G+P]`, float32: the global views, then the crops; the `flags` of `ctcLoss`.
 * @example
 * const flags = cropFlags(region, { origins, imgBox }, { cropSize: 96 });
 */
export function cropFlags(
  region: tf.Tensor,
  { origins, imgBox }: CropFlagsTargets,
  { cropSize, threshold = 0.2, numGlobals = 2, behavior = 'corrected' }: CropFlagsOptions,
): tf.Tensor2D {
  const { B, H, W } = assertShape('cropFlags: region', region, ['B', 'H', 'W']);
  assertShape('cropFlags: origins', origins, [B, 'P', 2]);
  assertShape('cropFlags: imgBox', imgBox, [B, 4]);
  return tf.tidy(() => {
    const [y, x] = tf.split(tf.cast(origins, 'int32'), 2, 2) as [tf.Tensor, tf.Tensor]; // [B,P,1] each
    const rows = band(y, H, cropSize);
    const columns = band(x, W, cropSize);
    // Rows are summed by a product of whole numbers (exact in 32 bits), columns by a masked sum: no gather is needed.
    const sumOver = (map: tf.Tensor): tf.Tensor => {
      const sums = inFloat32(() => tf.matMul(rows, map)); // [B,P,W]
      return tf.sum(tf.mul(sums, columns), 2); // [B,P]
    };
    const values = tf.cast(region, 'float32');
    const mean =
      behavior === 'reference'
        ? tf.div(sumOver(values), cropSize * cropSize)
        : tf.tidy(() => {
            const real = tf.cast(boxMask(imgBox, [H, W]), 'float32');
            return tf.div(sumOver(tf.mul(values, real)), tf.maximum(sumOver(real), 1));
          });
    const positive = tf.cast<tf.Tensor2D>(tf.greater(mean, threshold), 'float32');
    return tf.concat<tf.Tensor2D>([tf.ones([B, numGlobals]), positive], 1);
  });
}

/** 1 from each start over `length` places, else 0: `[B,P,size]`. */
function band(start: tf.Tensor, size: number, length: number): tf.Tensor {
  const index = tf.reshape(tf.range(0, size, 1, 'int32'), [1, 1, size]);
  const end = tf.add(start, tf.scalar(length, 'int32'));
  return tf.cast(tf.logicalAnd(tf.greaterEqual(index, start), tf.less(index, end)), 'float32');
}
