import * as tf from '@tensorflow/tfjs-core';
import { type Threshold, thresholdOfPixels } from './threshold.js';
import { validCam } from './valid-cam.js';

/** Options of {@link regionMask}. */
export interface RegionMaskOptions {
  /** β_l: at most this is background (0.25 in ToCo). */
  readonly low?: Threshold | undefined;
  /** β_h: at least this is foreground (0.7 in ToCo's VOC runs, 0.65 in its COCO run). */
  readonly high?: Threshold | undefined;
}

/**
 * Regions of an image by the certainty of its auxiliary CAM, from which local crops are drawn.
 *
 * With m = max over the image's classes: 0 where m ≤ β_l (background), 2 where m ≥ β_h (foreground), else 1 (uncertain);
 * thresholds `[B,C]` are those of the class with the maximum.
 *
 * Source: ToCo (Ru et al., CVPR 2023), class token contrast.
 *
 * @param camAux `[B,H,W,C]`, normalized auxiliary CAM.
 * @param labels `[B,C]`, 1 where the image holds the class, else 0.
 * @returns `[B,H,W]`, int32, 0, 1 or 2.
 * @example
 * const mask = regionMask(camAux, labels, { low: 0.25, high: 0.7 });
 */
export function regionMask(
  camAux: tf.Tensor,
  labels: tf.Tensor,
  { low = 0.25, high = 0.7 }: RegionMaskOptions = {},
): tf.Tensor3D {
  return tf.tidy(() => {
    const valid = validCam(camAux, labels);
    const certainty = tf.max(valid, 3);
    return tf.add(
      tf.cast(tf.greater(certainty, thresholdOfPixels(low, valid)), 'int32'),
      tf.cast(tf.greaterEqual(certainty, thresholdOfPixels(high, valid)), 'int32'),
    );
  });
}
