import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { boxMask } from '@toco/core';
import { planeLabels } from './plane-labels.js';
import { type Threshold, thresholdOfPixels } from './threshold.js';
import { validCam } from './valid-cam.js';

/** What is known of the images whose CAMs become labels. */
export interface CamTargets {
  /** `[B,C]`, 1 where the image holds the class of the plane, else 0. */
  readonly labels: tf.Tensor;
  /** `[B,4]`, boxes of real pixels `[y0,y1,x0,x1]`, ends excluded; without it every pixel is real. */
  readonly imgBox?: tf.Tensor | undefined;
  /** `[B,C]`, class index of each plane where planes were selected (see `selectClasses`); default: plane c is class c. */
  readonly classes?: tf.Tensor | undefined;
}

/** Options of {@link pixelLabels}. */
export interface PixelLabelsOptions {
  /** β_l: at most this is background (0.25 in ToCo). */
  readonly low?: Threshold | undefined;
  /** β_h: more than this is the class (0.7 in ToCo's VOC runs, 0.65 in its COCO run). */
  readonly high?: Threshold | undefined;
  /** Label of pixels between the thresholds and outside the box (255 in ToCo). */
  readonly ignoreIndex: number;
}

/**
 * Labels from a CAM by two thresholds.
 *
 * With m the largest value among the image's classes and c its class: c + 1 where m > β_h, 0 where m ≤ β_l, else
 * `ignoreIndex`; `ignoreIndex` outside the box. With `low` = `high` (0.5 on VOC, 0.45 on COCO) and without a box these
 * are the masks that CAMs are evaluated by. Thresholds `[B,C]` are those of c.
 *
 * Source: ToCo (Ru et al., CVPR 2023).
 *
 * @param cam `[B,H,W,C]`, normalized.
 * @returns `[B,H,W]`, int32, 0 = background, c + 1 = class c.
 * @example
 * const labels = pixelLabels(cam, { labels: imageLabels, imgBox }, { ignoreIndex: 255 });
 * const masks = pixelLabels(cam, { labels: imageLabels }, { low: 0.5, high: 0.5, ignoreIndex: 255 });
 */
export function pixelLabels(
  cam: tf.Tensor,
  { labels, imgBox, classes }: CamTargets,
  { low = 0.25, high = 0.7, ignoreIndex }: PixelLabelsOptions,
): tf.Tensor3D {
  const { H, W } = assertShape('pixelLabels: cam', cam, ['B', 'H', 'W', 'C']);
  return tf.tidy(() => {
    const valid = validCam(cam, labels);
    const certainty = tf.max(valid, 3);
    const label = planeLabels(tf.argMax(valid, 3), classes);
    const ignored = tf.fill<tf.Rank.R3>(label.shape, ignoreIndex, 'int32');
    const scored = tf.where<tf.Tensor3D>(
      tf.lessEqual(certainty, thresholdOfPixels(low, valid)),
      tf.zerosLike(label),
      tf.where<tf.Tensor3D>(tf.greater(certainty, thresholdOfPixels(high, valid)), label, ignored),
    );
    return imgBox ? tf.where<tf.Tensor3D>(boxMask(imgBox, [H, W]), scored, ignored) : scored;
  });
}
