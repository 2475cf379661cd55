import { assertShape, resize, scaledSize, type ScaledSizeOptions } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { fuseCams, type ScaleCams } from './fuse-cams.js';
import { selectClasses } from './select-classes.js';

/** CAMs of both classifiers; raw ones on token grids `[B,h,w,C]`, fused ones `[B,H,W,C]`. */
export interface Cams {
  readonly cam: tf.Tensor;
  readonly camAux: tf.Tensor;
}

/** Options of {@link multiScaleCams}. */
export interface MultiScaleCamsOptions extends ScaledSizeOptions {
  /** Factors of the image's sides ((1, 0.5, 1.5) in ToCo). */
  readonly scales?: readonly number[] | undefined;
  /** Raw CAMs of the unscaled, unflipped images where the caller has them already: saves that forward pass. */
  readonly main?: Cams | undefined;
  /** `[B,M]`, classes of each image padded with −1: the result then has these planes only, see `selectClasses`. */
  readonly classes?: tf.Tensor | undefined;
}

/**
 * Normalized CAMs of both classifiers over scales and mirror images.
 *
 * Per scale s the images are resized to s·H × s·W (bilinear, half-pixel), in whole patches of `stride` pixels unless `oddSizes` is
 * `reference` (see `scaledSize`), and seen as they are and flipped; `fuseCams` does the rest. Not differentiated.
 *
 * Source: ToCo (Ru et al., CVPR 2023), multi-scale CAM.
 *
 * @param forward raw CAMs of a batch of images; called once per scale with images and flipped images in one batch,
 * or with the flipped images alone where `main` is given and the scale is 1.
 * @param images `[B,H,W,3]`, normalized.
 * @returns `cam` and `camAux`, `[B,H,W,C]` (`[B,H,W,M]` with `classes`), in 0 … 1.
 * @throws If no scale is given.
 * @example
 * const { stride } = network.backbone;
 * const { cam, camAux } = multiScaleCams((x) => network.rawCams(params, network.forward(params, x)), images, { stride });
 */
export function multiScaleCams(
  forward: (images: tf.Tensor4D) => Cams,
  images: tf.Tensor,
  { scales = [1, 0.5, 1.5], main, classes, ...sizes }: MultiScaleCamsOptions,
): { cam: tf.Tensor4D; camAux: tf.Tensor4D } {
  const { H, W } = assertShape('multiScaleCams: images', images, ['B', 'H', 'W', 3]);
  return tf.tidy(() => {
    const perScale = scales.map((scale) => {
      const [h, w] = scaledSize([H, W], scale, sizes);
      const known = scale === 1 && h === H && w === W ? main : undefined;
      const [cam, mirrored, camAux, mirroredAux] = tf.tidy(() => {
        const resized = resize(images, [h, w], { method: 'bilinear', alignCorners: false });
        const flipped = tf.reverse(resized, 2);
        const seen = forward(known ? flipped : tf.concat([resized, flipped], 0));
        const maps = [...twins(seen.cam, known?.cam), ...twins(seen.camAux, known?.camAux)];
        return classes ? maps.map((map) => selectClasses(map, classes)) : maps;
      }) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return { cam: { cam, mirrored }, camAux: { cam: camAux, mirrored: mirroredAux } };
    });
    const fuse = (scale: ScaleCams[]): tf.Tensor4D => fuseCams(scale, [H, W]);
    return { cam: fuse(perScale.map(({ cam }) => cam)), camAux: fuse(perScale.map(({ camAux }) => camAux)) };
  });
}

/** Maps and their mirrored twins: known maps and a batch of mirrored ones, or halves of one batch. */
function twins(maps: tf.Tensor, known: tf.Tensor | undefined): tf.Tensor[] {
  return known ? [known, maps] : tf.split(maps, 2, 0);
}
