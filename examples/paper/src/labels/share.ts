/** What one image adds to a share: `right` out of `all`. */
export interface Part {
  readonly right: number;
  readonly all: number;
}

/** A share over images, or a difference of two of them, with its standard error; NaN where nothing was counted. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/**
 * Σ right / Σ all over images. Its standard error is that of a ratio of sums over images drawn at random (delta method):
 * pixels of an image go together, so images are what counts as independent.
 */
export function shareOf(images: readonly Part[]): Estimate {
  const { value, residuals } = ratio(images);
  return { value, error: errorOf(residuals) };
}

/** {@link shareOf} the images minus that of a baseline on the same images, whose error is smaller for their being the same. */
export function differenceOf(images: readonly Part[], baseline: readonly Part[]): Estimate {
  const [own, other] = [ratio(images), ratio(baseline)];
  return {
    value: own.value - other.value,
    error: errorOf(own.residuals.map((residual, i) => residual - other.residuals[i]!)),
  };
}

/** The share, and what each image moves it by. */
function ratio(images: readonly Part[]): { readonly value: number; readonly residuals: readonly number[] } {
  const sum = (key: keyof Part): number => images.reduce((total, image) => total + image[key], 0);
  const all = sum('all');
  const value = sum('right') / all;
  return { value, residuals: images.map((image) => (image.right - value * image.all) / all) };
}

function errorOf(residuals: readonly number[]): number {
  const n = residuals.length;
  return Math.sqrt((n / (n - 1)) * residuals.reduce((total, residual) => total + residual ** 2, 0));
}
