import { assertShape, resize } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Behavior } from '@toco/core';
import { boxMask } from '@toco/core';
import { pixelLabels, type CamTargets, type PixelLabelsOptions } from './pixel-labels.js';

/** Options of {@link tokenLabels}. */
export interface TokenLabelsOptions extends PixelLabelsOptions {
  /** `[h,w]`, the token grid. */
  readonly grid: readonly [number, number];
  /** `[H,W]`, pixels of the image that `imgBox` is measured in; default: the size of the CAM. */
  readonly imageSize?: readonly [number, number] | undefined;
  /**
   * `corrected`: a token counts when its whole patch is real. `reference`: the box, in pixels, is applied to token
   * indices, which takes all labels from about a third of ToCo's crops.
   */
  readonly behavior?: Behavior | undefined;
}

/**
 * Labels of the patch tokens from the auxiliary CAM, the source of the affinity that the patch token contrast learns.
 *
 * The CAM is resized to the token grid (bilinear, half-pixel); then as `pixelLabels`: class + 1 where it is above β_h,
 * 0 where it is at most β_l, else `ignoreIndex`; `ignoreIndex` where the token is not real.
 *
 * Source: ToCo (Ru et al., CVPR 2023), patch token contrast.
 *
 * @param camAux `[B,H,W,C]`, normalized.
 * @returns `[B,h,w]`, int32.
 * @throws If the image does not divide into the grid.
 * @example
 * const labels = tokenLabels(camAux, { labels: imageLabels, imgBox }, { grid: [28, 28], ignoreIndex: 255 });
 */
export function tokenLabels(
  camAux: tf.Tensor,
  { labels, imgBox, classes }: CamTargets,
  { grid, imageSize, behavior = 'corrected', ...options }: TokenLabelsOptions,
): tf.Tensor3D {
  const { H, W } = assertShape('tokenLabels: camAux', camAux, ['B', 'H', 'W', 'C']);
  const [height, width] = imageSize ?? [H, W];
  const cell = [height / grid[0], width / grid[1]] as const;
  if (!cell.every(Number.isInteger)) {
    throw new Error(
      `tokenLabels: an image of ${height} × ${width} does not divide into ${grid[0]} × ${grid[1]} tokens; check grid and imageSize`,
    );
  }
  return tf.tidy(() => {
    const small = resize(camAux, grid, { method: 'bilinear', alignCorners: false });
    const label = pixelLabels(small, { labels, classes }, options);
    if (!imgBox) return label;
    const real = boxMask(imgBox, grid, behavior === 'corrected' ? { cell } : {});
    return tf.where(real, label, tf.fill(label.shape, options.ignoreIndex, 'int32'));
  });
}
