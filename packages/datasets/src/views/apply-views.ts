import type { RgbImage } from '../image/rgb-image.js';
import { crop, paddedCrop, realPixels, type Box } from '../transforms/crop.js';
import { flip } from '../transforms/flip.js';
import { resample } from '../transforms/resample.js';
import { applyAppearance } from './appearance.js';
import type { ViewPlan } from './view-plan.js';

/** The three views of one training image, before normalization. */
export interface Views {
  readonly main: RgbImage;
  readonly local: RgbImage;
  readonly second: RgbImage;
  /** The box of real pixels in the crop that main view and local source share. */
  readonly imgBox: Box;
}

/** Makes the views that were drawn. */
export function applyViews(image: RgbImage, plan: ViewPlan): Views {
  const { image: cut, imgBox } = sharedCrop(image, plan.crop);
  const { width, height } = plan.crop.placement;
  const resized = resample(crop(image, plan.second.box), { width, height, filter: 'bicubic' });
  return {
    main: applyAppearance(plan.main.lateFlip ? flip(cut) : cut, plan.main.appearance),
    local: applyAppearance(plan.local.lateFlip ? flip(cut) : cut, plan.local.appearance),
    second: applyAppearance(plan.second.flip ? flip(resized) : resized, plan.second.appearance),
    imgBox,
  };
}

/** Rescale, flip, pad, crop: only the pixels that the crop shows are resampled. */
function sharedCrop(image: RgbImage, plan: ViewPlan['crop']): { image: RgbImage; imgBox: Box } {
  const { width, height, placement } = plan;
  const imgBox = realPixels({ width, height }, placement);
  const [y0, y1, x0, x1] = imgBox;
  const [from, to] = [x0 - placement.left, x1 - placement.left];
  const visible = resample(image, {
    width,
    height,
    filter: 'bilinear',
    window: [
      y0 - placement.top,
      y1 - placement.top,
      plan.flip ? width - to : from,
      plan.flip ? width - from : to,
    ],
  });
  const real = plan.flip ? flip(visible) : visible;
  const placed = paddedCrop(real, { ...placement, top: y0, left: x0 });
  return { image: placed.image, imgBox };
}
