import { type Behavior, cropFlags, drawCrops, eligibleCenters, regionMask } from '@toco/cam';
import * as tf from '@tensorflow/tfjs-core';
import type { Planes } from '../masks/resize-planes.js';

/** A local crop as training would draw it. */
export interface DrawnCrop {
  /** Top left corner and side, pixels. */
  readonly y: number;
  readonly x: number;
  readonly side: number;
  /** Whether it may hold an object: only then its class token is drawn near to the image's. */
  readonly positive: boolean;
}

/** How {@link drawnCrops} draws: settings of a run. */
export interface DrawnCropsOptions {
  readonly low: number;
  readonly high: number;
  readonly side: number;
  readonly count: number;
  /** A crop whose mean region mask is at most this is negative. */
  readonly threshold: number;
  readonly behavior: Behavior;
  /** `[H,W]` uniform in 0…1: draws the crops. */
  readonly noise: Float32Array;
}

/**
 * Local crops drawn in an image as a training step draws them from its auxiliary CAM (ToCo, section 4.3), with their signs.
 *
 * @param camAux `[H,W,M]` at the image's own size, a plane for each class that the image shows
 * @throws where the image is no larger than a crop
 */
export async function drawnCrops(camAux: Planes, options: DrawnCropsOptions): Promise<DrawnCrop[]> {
  const { height: H, width: W, channels: M, data } = camAux;
  const { low, high, side, count, threshold, behavior, noise } = options;
  const [origins, flags] = tf.tidy(() => {
    const region = regionMask(tf.tensor4d(data, [1, H, W, M]), tf.ones([1, M]), { low, high });
    const imgBox = tf.tensor2d([[0, H, 0, W]], [1, 4], 'int32');
    const eligible = eligibleCenters(region, imgBox, { cropSize: side, numCrops: count, behavior });
    const drawn = drawCrops(eligible, tf.tensor3d(noise, [1, H, W]), { cropSize: side, numCrops: count });
    const signs = cropFlags(region, { origins: drawn, imgBox }, { cropSize: side, threshold, behavior });
    return [drawn, signs] as const;
  });
  try {
    const [corners, signs] = [await origins.data(), await flags.data()];
    // The flags begin with those of the two global views.
    return Array.from({ length: count }, (_, p) => ({
      ...{ y: corners[2 * p]!, x: corners[2 * p + 1]!, side },
      positive: signs[2 + p] === 1,
    }));
  } finally {
    origins.dispose();
    flags.dispose();
  }
}
