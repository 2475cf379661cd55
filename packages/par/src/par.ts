import { assertShape, resize, withoutGradient } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { defaultDilations } from './neighborhood.js';
import { assertDilations, type RefineOptions } from './options.js';
import { affinityPlanes } from './par-affinity.js';
import { refinePlanes } from './refine.js';

/**
 * Pixel-adaptive refinement: masks are resized to the images (bilinear, corners aligned) and spread 10 times to where
 * the image is alike within 48 neighbors. A constant to any gradient.
 *
 * @param images `[B,H,W,3]`, 0…1
 * @param masks `[B,h,w,C]`
 * @returns `[B,H,W,C]`; constant masks grow by 1.01 per iteration, since the weights sum to 1.01 (1 + `positionWeight`)
 * @throws where shapes disagree
 * @example
 * const refined = par(images, cams, { iterations: 10, dilations: [1, 2, 4, 8, 12, 24] });
 */
export function par(images: tf.Tensor, masks: tf.Tensor, options: RefineOptions = {}): tf.Tensor4D {
  const { B, H, W } = assertShape('par: images', images, ['B', 'H', 'W', 3]);
  assertShape('par: masks', masks, [B, 'h', 'w', 'C']);
  assertDilations('par', options.dilations ?? defaultDilations);
  return withoutGradient(() =>
    tf.tidy(() => {
      const resized = resize(masks, [H, W], { method: 'bilinear', alignCorners: true }) as tf.Tensor4D;
      return refinePlanes(resized, affinityPlanes(images as tf.Tensor4D, options), options);
    }),
  );
}
