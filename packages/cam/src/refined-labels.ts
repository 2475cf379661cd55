import { assertShape, resize } from '@toco/core';
import { par, type RefineOptions } from '@toco/par';
import * as tf from '@tensorflow/tfjs-core';
import type { Behavior } from '@toco/core';
import { boxMask } from '@toco/core';
import { denormalize, type DenormalizeOptions } from './denormalize.js';
import type { CamTargets, PixelLabelsOptions } from './pixel-labels.js';
import { planeLabels } from './plane-labels.js';
import { type Threshold, thresholdOfPixels } from './threshold.js';
import { validCam } from './valid-cam.js';

/** What {@link refinedLabels} knows of the images. */
export interface RefinedLabelsTargets extends CamTargets {
  /** `[B,H,W,3]`, the normalized view that the CAM belongs to. */
  readonly images: tf.Tensor;
}

/** Options of {@link refinedLabels}. */
export interface RefinedLabelsOptions extends PixelLabelsOptions, Omit<DenormalizeOptions, 'rounding'> {
  /** `corrected`: denormalized levels are rounded to nearest. `reference`: truncated, which costs 3 % of them a level. */
  readonly behavior?: Behavior | undefined;
  /** Iterations, dilations and kernels of the refinement; default: those of `par`. */
  readonly par?: RefineOptions | undefined;
  /** The refinement runs at 1 / this of the size (2 in ToCo). */
  readonly downsample?: number | undefined;
  /** In place of PAR: with n of `downsample`, from images `[B,H/n,W/n,3]` in 0…1 and planes `[B,H/n,W/n,2·(C+1)]` to planes of the same shape; where one is NaN, the pixel has no label. */
  readonly refine?: ((images: tf.Tensor4D, planes: tf.Tensor4D) => tf.Tensor4D) | undefined;
}

/**
 * Pseudo labels for the segmentation loss: a CAM refined by the image.
 *
 * The image's classes compete with a background plane of β_h, and again with one of β_l (of thresholds `[B,C]` those of the
 * pixel's most certain class). Both stacks are halved (or brought to 1/`downsample` by means), pass a softmax over background
 * and the classes present, are refined by PAR on the image of that size, and resized back. Label: the class of the β_h stack;
 * where that says background `ignoreIndex`; where both say background
 * 0; outside the box `ignoreIndex`. Both stacks and all classes share one pass of PAR. Not differentiated.
 *
 * Source: ToCo (Ru et al., CVPR 2023), segmentation loss; PAR: Ru et al., Learning Affinity from Attention, CVPR 2022.
 *
 * @param cam `[B,H,W,C]`, normalized; H and W multiples of `downsample`.
 * @param targets labels, images and boxes; with `classes` (and planes from `selectClasses`) absent classes cost nothing.
 * @returns `[B,H,W]`, int32, 0 = background, c + 1 = class c.
 * @throws If shapes do not fit or a side is no multiple of `downsample`.
 * @example
 * const labels = refinedLabels(cam, { labels: imageLabels, images, imgBox }, { ignoreIndex: 255 });
 */
export function refinedLabels(
  cam: tf.Tensor,
  { labels, images, imgBox, classes }: RefinedLabelsTargets,
  {
    low = 0.25,
    high = 0.7,
    ignoreIndex,
    behavior = 'corrected',
    par: parOptions = {},
    downsample: n = 2,
    refine,
    ...normalization
  }: RefinedLabelsOptions,
): tf.Tensor3D {
  const { B, H, W, C } = assertShape('refinedLabels: cam', cam, ['B', 'H', 'W', 'C']);
  assertShape('refinedLabels: images', images, [B, H, W, 3]);
  if (H % n || W % n) {
    throw new Error(
      `refinedLabels: a CAM of ${H} × ${W} cannot be ${n === 2 ? 'halved; use views with even sides' : `brought to 1/${n}; use views whose sides are multiples of ${n}`}`,
    );
  }
  return tf.tidy(() => {
    const smaller = (x: tf.Tensor): tf.Tensor4D => tf.avgPool<tf.Tensor4D>(x as tf.Tensor4D, n, n, 'valid');
    const levels = denormalize(images, {
      ...normalization,
      rounding: behavior === 'corrected' ? 'nearest' : 'truncate',
    });
    const smallImages = smaller(tf.div(levels, 255));
    const smallCam = smaller(validCam(cam, labels));
    const absent = tf.mul(tf.sub(1, tf.reshape(tf.cast(labels, 'float32'), [B, 1, 1, C])), -1e9);
    const stack = (threshold: Threshold): tf.Tensor4D => {
      const background = thresholdOfPixels(threshold, smallCam);
      const shape: [number, number, number, number] = [B, H / n, W / n, 1];
      const plane =
        typeof background === 'number'
          ? tf.fill<tf.Rank.R4>(shape, background)
          : tf.reshape<tf.Rank.R4>(background, shape);
      return tf.softmax(tf.concat<tf.Tensor4D>([plane, tf.add<tf.Tensor4D>(smallCam, absent)], 3));
    };
    const planes = tf.concat<tf.Tensor4D>([stack(high), stack(low)], 3);
    const refined = refine ? refine(smallImages, planes) : par(smallImages, planes, parOptions);
    assertShape('refinedLabels: refined planes', refined, [B, H / n, W / n, 2 * (C + 1)]);
    const full = resize(refined, [H, W], { method: 'bilinear', alignCorners: false });
    // The largest of planes with a NaN is any; PAR gives none.
    const total = refine && tf.sum(full, 3);
    const numbers = total && tf.equal(total, total);
    const [highPlane, lowPlane] = tf.split(full, 2, 3).map((half) => tf.argMax(half, 3)) as [
      tf.Tensor,
      tf.Tensor,
    ];
    const zero = tf.scalar(0, 'int32');
    const isClass = tf.greater(highPlane, zero);
    const background = tf.logicalAnd(tf.equal(highPlane, zero), tf.equal(lowPlane, zero));
    const label = planeLabels(tf.sub(highPlane, tf.scalar(1, 'int32')), classes);
    const decided = tf.logicalOr(isClass, background);
    const kept = numbers ? tf.logicalAnd(decided, numbers) : decided;
    return tf.where<tf.Tensor3D>(
      imgBox ? tf.logicalAnd(kept, boxMask(imgBox, [H, W])) : kept,
      tf.where(isClass, label, tf.zerosLike(label)),
      tf.fill([B, H, W], ignoreIndex, 'int32'),
    );
  });
}
