export { randomPurpose, randomStream, type RandomStream } from '../random/random.js';
export { brightness } from '../transforms/brightness.js';
export { contrast } from '../transforms/contrast.js';
export { type Box, crop, type CropPlacement, paddedCrop } from '../transforms/crop.js';
export { flip } from '../transforms/flip.js';
export { gaussianBlur } from '../transforms/gaussian-blur.js';
export { gray } from '../transforms/gray.js';
export { hue } from '../transforms/hue.js';
export { imageNetNormalization, type Normalization, normalize } from '../transforms/normalize.js';
export { resample, type ResampleFilter, type ResampleOptions } from '../transforms/resample.js';
export { saturation } from '../transforms/saturation.js';
export { solarize } from '../transforms/solarize.js';
export { squash } from '../transforms/squash.js';
export { type Appearance, applyAppearance, drawAppearance, type JitterStep } from './appearance.js';
export { applyViews, type Views } from './apply-views.js';
export {
  type Behavior,
  type ColorJitterOptions,
  defaultViewOptions,
  type Range,
  type ViewOptions,
} from './view-options.js';
export { drawViews, type ViewPlan } from './view-plan.js';
