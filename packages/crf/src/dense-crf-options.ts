import type { RgbImage } from './bilateral.js';
import type { DenseCrfKernels } from './dense-crf-presets.js';

/** Options of a dense CRF: the size of the image and one of the presets, or kernels of one's own. */
export interface DenseCrfOptions extends DenseCrfKernels {
  readonly height: number;
  readonly width: number;
  /** Number of classes K. */
  readonly classes: number;
}

/** Fails with one line where an array or an option is none that a dense CRF can take. */
export function assertDenseCrf(
  image: RgbImage,
  probabilities: Float32Array,
  { height, width, classes, gaussian, bilateral, iterations }: DenseCrfOptions,
): void {
  const whole = { height, width, classes, iterations };
  for (const [name, value] of Object.entries(whole)) {
    const smallest = name === 'iterations' ? 0 : 1;
    if (!Number.isInteger(value) || value < smallest)
      throw new Error(`denseCrf: ${name} is ${value}, must be a whole number of at least ${smallest}`);
  }
  for (const [name, { weight, ...sigmas }] of Object.entries({ gaussian, bilateral })) {
    if (!Number.isFinite(weight))
      throw new Error(`denseCrf: ${name}.weight is ${weight}, must be a finite number`);
    for (const [key, sigma] of Object.entries(sigmas))
      if (!(sigma > 0 && sigma < Infinity))
        throw new Error(`denseCrf: ${name}.${key} is ${sigma}, must be positive`);
  }
  if (image.length !== height * width * 3)
    throw new Error(`denseCrf: an image of ${image.length} values instead of ${height} × ${width} × 3`);
  if (probabilities.length !== height * width * classes)
    throw new Error(
      `denseCrf: ${probabilities.length} probabilities instead of ${height} × ${width} × ${classes}`,
    );
  const level = image.findIndex((value) => !Number.isFinite(value));
  if (level >= 0) throw new Error(`denseCrf: a level is ${image[level]} (${place(level, width * 3)})`);
  const probability = probabilities.findIndex((value) => Number.isNaN(value));
  if (probability >= 0)
    throw new Error(`denseCrf: a probability is NaN (${place(probability, width * classes)})`);
}

function place(at: number, row: number): string {
  return `row ${Math.floor(at / row)}, value ${at % row} of the row`;
}
