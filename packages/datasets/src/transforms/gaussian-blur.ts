import type { RgbImage } from '../image/rgb-image.js';
import { compiledPasses } from './compiled/passes.js';

/** Box filters per direction that stand for one Gaussian, in `views.cc` too. */
const PASSES = 3;
/** Weights carry 24 fractional bits: a weighted sum of 8-bit values, taken modulo 2³², is whole after `>>> 24`. */
const FRACTION = 2 ** 24;

/** A box filter that reaches `radius` whole pixels to each side with `weight`, and the next pixel with `edge`. */
interface BoxFilter {
  readonly radius: number;
  readonly weight: number;
  readonly edge: number;
}

/**
 * Blurs with a Gaussian of standard deviation `sigma` (pixels), as Pillow does: three box filters of fractional width in
 * each direction, each rounded to 8 bits, borders replicated. The cost does not depend on `sigma`; a true Gaussian differs
 * by up to 6 levels.
 */
export function gaussianBlur({ width, height, data }: RgbImage, sigma: number): RgbImage {
  const { radius, weight, edge } = boxFilter(sigma);
  const { run, place, copy } = compiledPasses();
  const stride = 3 * width;
  const [source, blurred, line, sums] = place([data, data.length, stride + 6 * (radius + 1), 4 * stride]);
  run.blur(source, blurred, width, height, radius, weight, edge, line, sums);
  return { width, height, data: copy(blurred, data.length) };
}

/**
 * The box filter whose variance is a third of the Gaussian's (Gwosdek et al. 2011, extended box filters). The weight is
 * rounded through 32-bit floats, because ties in the sums below are frequent and hang on its last bit.
 */
function boxFilter(sigma: number): BoxFilter {
  const variance = Math.fround((sigma * sigma) / PASSES);
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const fraction =
    ((2 * whole + 1) * (whole * (whole + 1) - 3 * variance)) / (6 * (variance - (whole + 1) * (whole + 1)));
  const size = Math.fround(2 * Math.fround(whole + fraction) + 1);
  const weight = Math.floor(Math.fround(FRACTION / size));
  return { radius: whole, weight, edge: Math.floor((FRACTION - (2 * whole + 1) * weight) / 2) };
}
