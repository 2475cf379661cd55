import type { RgbImage } from '../image/rgb-image.js';
import type { RandomStream } from '../random/random.js';
import { brightness } from '../transforms/brightness.js';
import { contrast } from '../transforms/contrast.js';
import { gaussianBlur } from '../transforms/gaussian-blur.js';
import { gray } from '../transforms/gray.js';
import { hue } from '../transforms/hue.js';
import { saturation } from '../transforms/saturation.js';
import { solarize } from '../transforms/solarize.js';
import type { ViewOptions } from './view-options.js';

const jitterOperations = { brightness, contrast, saturation, hue } as const;

/** One step of the color jitter: a factor, or for the hue a shift in turns. */
export interface JitterStep {
  readonly operation: keyof typeof jitterOperations;
  readonly amount: number;
}

/** What is done to the colors of one view, in this order. */
export interface Appearance {
  readonly jitter: readonly JitterStep[];
  readonly gray: boolean;
  /** Standard deviation, pixels; `undefined` leaves the view sharp. */
  readonly blurSigma: number | undefined;
  /** `undefined` leaves the view as it is. */
  readonly solarizeThreshold: number | undefined;
}

/** Draws the colors of a view that is blurred and solarized with these probabilities. */
export function drawAppearance(
  random: RandomStream,
  options: ViewOptions,
  probabilities: { readonly blur: number; readonly solarize: number },
): Appearance {
  const { colorJitter } = options;
  const amounts: JitterStep[] = [
    { operation: 'brightness', amount: 1 + random.uniform(-1, 1) * colorJitter.brightness },
    { operation: 'contrast', amount: 1 + random.uniform(-1, 1) * colorJitter.contrast },
    { operation: 'saturation', amount: 1 + random.uniform(-1, 1) * colorJitter.saturation },
    { operation: 'hue', amount: random.uniform(-1, 1) * colorJitter.hue },
  ];
  const order = random.permutation(amounts.length);
  const jittered = random.chance(colorJitter.probability);
  const grayed = random.chance(options.grayProbability);
  const blurred = random.chance(probabilities.blur);
  const sigma = random.uniform(...options.blurSigmaRange);
  const solarized = random.chance(probabilities.solarize);
  return {
    jitter: jittered ? Array.from(order, (i) => amounts[i]!) : [],
    gray: grayed,
    blurSigma: blurred ? sigma : undefined,
    solarizeThreshold: solarized ? options.solarizeThreshold : undefined,
  };
}

/** The view with the colors that were drawn. */
export function applyAppearance(image: RgbImage, appearance: Appearance): RgbImage {
  let view = image;
  for (const { operation, amount } of appearance.jitter) view = jitterOperations[operation](view, amount);
  if (appearance.gray) view = gray(view);
  if (appearance.blurSigma !== undefined) view = gaussianBlur(view, appearance.blurSigma);
  if (appearance.solarizeThreshold !== undefined) view = solarize(view, appearance.solarizeThreshold);
  return view;
}
