import { scaledToOne, selectPlanes } from '../masks/fuse-cam-planes.js';
import type { Planes } from '../masks/resize-planes.js';

/**
 * Maps like CAMs from a segmentation: the probabilities of an image's classes, each scaled to 0…1, to make pseudo labels of.
 *
 * @param probabilities `[H,W,K]`, background first
 * @param classes foreground classes, from 0
 * @returns `[H,W,M]`
 */
export function segmentationCams(probabilities: Planes, classes: readonly number[]): Planes {
  const planes = selectPlanes(
    probabilities,
    classes.map((c) => c + 1),
  );
  return scaledToOne(planes, { epsilon: 1e-5 });
}
