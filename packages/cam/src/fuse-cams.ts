import { assertShape, resize } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/** CAMs of one scale of the image. */
export interface ScaleCams {
  /** `[B,h,w,C]`, of the image as it is. */
  readonly cam: tf.Tensor;
  /** `[B,h,w,C]`, of the image flipped from left to right, not flipped back. */
  readonly mirrored: tf.Tensor;
}

/** Options of {@link fuseCams}. */
export interface FuseCamsOptions {
  /** Added to the maximum that each map is divided by (1e-5 in ToCo). */
  readonly epsilon?: number | undefined;
}

/**
 * One normalized CAM from raw CAMs at several scales, each with its mirrored twin.
 *
 * Per scale: both resized to H×W (bilinear, half-pixel), the larger of the map and its twin flipped back, ReLU. Their
 * sum m is normalized per image and class: (m − min m) / (max(m − min m) + ε).
 *
 * Source: ToCo (Ru et al., CVPR 2023), multi-scale CAM; scales (1, 0.5, 1.5).
 *
 * @param scales raw CAMs of every scale.
 * @param size `[H,W]`, pixels of the result.
 * @returns `[B,H,W,C]`, in 0 … 1.
 * @throws If there is no scale.
 * @example
 * const cam = fuseCams([{ cam, mirrored }, { cam: half, mirrored: halfMirrored }], [448, 448]);
 */
export function fuseCams(
  scales: readonly ScaleCams[],
  size: readonly [number, number],
  { epsilon = 1e-5 }: FuseCamsOptions = {},
): tf.Tensor4D {
  const [first, ...others] = scales;
  if (!first) throw new Error('fuseCams: no scale given; give raw CAMs of at least one');
  return tf.tidy(() => {
    const sum = others.reduce<tf.Tensor4D>(
      (total, scale) => tf.tidy(() => tf.add(total, mergeTwins(scale, size))),
      mergeTwins(first, size),
    );
    const shifted = tf.sub(sum, tf.min(sum, [1, 2], true));
    return tf.div(shifted, tf.add(tf.max(shifted, [1, 2], true), epsilon));
  });
}

/** ReLU of the larger of a map and its mirrored twin, at the final size. */
function mergeTwins({ cam, mirrored }: ScaleCams, size: readonly [number, number]): tf.Tensor4D {
  const { B, h, w, C } = assertShape('fuseCams: cam', cam, ['B', 'h', 'w', 'C']);
  assertShape('fuseCams: mirrored', mirrored, [B, h, w, C]);
  return tf.tidy(() => {
    const full = (map: tf.Tensor): tf.Tensor4D =>
      resize(map, size, { method: 'bilinear', alignCorners: false });
    return tf.relu(tf.maximum(full(cam), full(tf.reverse(mirrored, 2))));
  });
}
