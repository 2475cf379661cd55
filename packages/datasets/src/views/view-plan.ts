import type { RandomStream } from '../random/random.js';
import type { Box, CropPlacement } from '../transforms/crop.js';
import { drawAppearance, type Appearance } from './appearance.js';
import { drawResizedCropBox } from './resized-crop-box.js';
import type { ViewOptions } from './view-options.js';

/** Everything that is random about the views of one image, as plain data. */
export interface ViewPlan {
  /** The crop that main view and local source share: rescale, flip, then cut. */
  readonly crop: {
    readonly width: number;
    readonly height: number;
    readonly flip: boolean;
    readonly placement: CropPlacement;
  };
  /** `lateFlip`: mirrored once more after the box is fixed (never in corrected behavior). */
  readonly main: { readonly lateFlip: boolean; readonly appearance: Appearance };
  readonly local: { readonly lateFlip: boolean; readonly appearance: Appearance };
  /** The second global view: a box of the original image, resized to the crop size. */
  readonly second: { readonly box: Box; readonly flip: boolean; readonly appearance: Appearance };
}

/**
 * Draws the views of an image of this size (paper, section 5.1). Both behaviors draw the same numbers: only the late flips
 * differ.
 *
 * @example
 * const plan = drawViews(randomStream(randomPurpose.views, seed, epoch, index), image, defaultViewOptions);
 */
export function drawViews(
  random: RandomStream,
  size: { readonly width: number; readonly height: number },
  options: ViewOptions,
): ViewPlan {
  const { cropSize, flipProbability, mainBlurProbability, localBlurProbability, secondBlurProbability } =
    options;
  const scale = random.uniform(...options.scaleRange);
  const width = Math.max(1, Math.floor(size.width * scale));
  const height = Math.max(1, Math.floor(size.height * scale));
  const flip = random.chance(flipProbability);
  const top = drawOffset(random, height, cropSize);
  const left = drawOffset(random, width, cropSize);
  const mainFlip = random.chance(flipProbability);
  const mainAppearance = drawAppearance(random, options, { blur: mainBlurProbability, solarize: 0 });
  const localFlip = random.chance(flipProbability);
  const localAppearance = drawAppearance(random, options, { blur: localBlurProbability, solarize: 0 });
  const box = drawResizedCropBox(random, size, options);
  const secondFlip = random.chance(flipProbability);
  const secondAppearance = drawAppearance(random, options, {
    blur: secondBlurProbability,
    solarize: options.solarizeProbability,
  });
  const late = options.behavior === 'reference';
  return {
    crop: { width, height, flip, placement: { height: cropSize, width: cropSize, top, left } },
    main: { lateFlip: late && mainFlip, appearance: mainAppearance },
    local: { lateFlip: late && localFlip, appearance: localAppearance },
    second: { box, flip: secondFlip, appearance: secondAppearance },
  };
}

/** Where a side of `length` starts in a crop: anywhere within when it is shorter, anywhere cut off when it is longer. */
function drawOffset(random: RandomStream, length: number, cropSize: number): number {
  const slack = cropSize - length;
  return slack >= 0 ? random.integer(0, slack) : -random.integer(0, -slack);
}
