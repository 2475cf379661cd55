import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Behavior } from '@toco/core';
import { boxMask } from '@toco/core';

/** Size and number of the local crops. */
export interface CropsOptions {
  /** s: side of a crop in pixels, even (96 in ToCo). */
  readonly cropSize: number;
  /** P: crops per image (8 in ToCo). */
  readonly numCrops: number;
}

/** Options of {@link eligibleCenters}. */
export interface EligibleCentersOptions extends CropsOptions {
  /**
   * `corrected`: centers lie inside the box of real pixels. `reference`: padding counts as background, so crops of
   * pure padding are drawn.
   */
  readonly behavior?: Behavior | undefined;
}

/**
 * Pixels that local crops may be centered on.
 *
 * Background or uncertain (region ≤ 1), with the crop inside the view: s/2 ≤ center < side − s/2; and, corrected,
 * inside the box. Where fewer than P pixels of an image qualify, those with the crop inside the view (corrected: first
 * those of them inside the box) qualify whatever their region.
 *
 * Source: ToCo (Ru et al., CVPR 2023), class token contrast.
 *
 * @param region `[B,H,W]`, from `regionMask`.
 * @param imgBox `[B,4]`, boxes of real pixels `[y0,y1,x0,x1]`, ends excluded.
 * @returns `[B,H,W]`, bool, at least P pixels per image.
 * @throws If s is odd, or the view has no room for P crops.
 * @example
 * const eligible = eligibleCenters(region, imgBox, { cropSize: 96, numCrops: 8 });
 */
export function eligibleCenters(
  region: tf.Tensor,
  imgBox: tf.Tensor,
  { cropSize, numCrops, behavior = 'corrected' }: EligibleCentersOptions,
): tf.Tensor3D {
  const { B, H, W } = assertShape('eligibleCenters: region', region, ['B', 'H', 'W']);
  assertShape('eligibleCenters: imgBox', imgBox, [B, 4]);
  assertCropsFit('eligibleCenters', [H, W], { cropSize, numCrops });
  return tf.tidy(() => {
    const half = cropSize / 2;
    const view = tf.tensor2d([[half, H - half, half, W - half]], [1, 4], 'int32');
    const inView = tf.logicalAnd(boxMask(view, [H, W]), tf.ones([B, 1, 1], 'bool'));
    const unsure = tf.lessEqual(region, tf.scalar(1, region.dtype));
    const fallbacks =
      behavior === 'corrected' ? [tf.logicalAnd(inView, boxMask(imgBox, [H, W])), inView] : [inView];
    const first = tf.logicalAnd(unsure, fallbacks[0]!);
    // Logical operations rather than `where`, which aborts for broadcast truth values on the wasm backend.
    return fallbacks.reduce((eligible, fallback) => {
      const suffices = enough(eligible, numCrops);
      const instead = tf.logicalAnd(tf.logicalNot(suffices), fallback);
      return tf.logicalOr(tf.logicalAnd(suffices, eligible), instead);
    }, first) as tf.Tensor3D;
  });
}

/** Which images have at least `count` pixels in their mask: `[B,1,1]`. */
function enough(mask: tf.Tensor, count: number): tf.Tensor {
  const pixels = tf.sum(tf.cast(mask, 'int32'), [1, 2], true);
  return tf.greaterEqual(pixels, tf.scalar(count, 'int32'));
}

/** Throws where crops have no whole half, or a view has fewer centers than crops. */
export function assertCropsFit(
  name: string,
  [height, width]: readonly [number, number],
  { cropSize, numCrops }: CropsOptions,
): void {
  if (!(cropSize > 0) || cropSize % 2 !== 0) {
    throw new Error(
      `${name}: cropSize ${cropSize} is not even; a crop is centered on a pixel, choose an even size`,
    );
  }
  const centers = Math.max(height - cropSize, 0) * Math.max(width - cropSize, 0);
  if (centers < numCrops) {
    throw new Error(
      `${name}: a view of ${height} × ${width} has ${centers} centers for ${numCrops} crops of ${cropSize}; choose smaller crops`,
    );
  }
}
