import * as z from 'zod';
import type { ViewOptions } from './view-options.js';

const probability = z.number().min(0).max(1);

const rangeOf = (each: z.ZodNumber) =>
  z.tuple([each, each]).refine(([low, high]) => low <= high, {
    error: 'the first number is larger than the second; write [low, high]',
  });

const positive = z.number().positive();

/**
 * How the three views of a training image are drawn, as a configuration says it. Size, rescale and flip are those of the paper
 * (section 5.1); all else is the augmentation of multi-crop that it names, DINO's (Caron et al., ICCV 2021).
 */
export const viewsSchema = z.strictObject({
  cropSize: z
    .number()
    .int()
    .positive()
    .default(448)
    .describe('side of the main and of the second global view'),
  scale: rangeOf(positive).default([0.5, 2]).describe('range of the random rescale before cropping'),
  flip: probability.default(0.5).describe('probability of mirroring'),
  colorJitter: z
    .strictObject({
      probability: probability.default(0.8).describe('share of the views that it changes (DINO)'),
      brightness: probability.default(0.4).describe('b: factor from U(1 − b, 1 + b) (DINO)'),
      contrast: probability.default(0.4).describe('c: factor from U(1 − c, 1 + c) (DINO)'),
      saturation: probability.default(0.2).describe('s: factor from U(1 − s, 1 + s) (DINO)'),
      hue: z.number().min(0).max(0.5).default(0.1).describe('h: shift from U(−h, h), in turns (DINO)'),
    })
    .prefault({}),
  grayscale: probability.default(0.2).describe('probability of losing all color (DINO)'),
  blur: z
    .strictObject({
      sigma: rangeOf(positive).default([0.1, 2]).describe('standard deviation in pixels (DINO)'),
      main: probability.default(1).describe("probability in the main view (DINO's first global view)"),
      local: probability
        .default(0.5)
        .describe("probability in the source of the local crops (DINO's local views)"),
      second: probability.default(0.1).describe("probability in the second global view (DINO's)"),
    })
    .prefault({}),
  second: z
    .strictObject({
      area: rangeOf(z.number().positive().max(1))
        .default([0.4, 1])
        .describe("share of the image's area that the second global view shows (DINO)"),
      aspect: rangeOf(positive)
        .default([3 / 4, 4 / 3])
        .describe('its width / height, log-uniform (random resized crop of torchvision)'),
    })
    .prefault({}),
  solarize: z
    .strictObject({
      probability: probability.default(0.2).describe('probability in the second global view (DINO)'),
      threshold: z
        .number()
        .int()
        .min(0)
        .max(256)
        .default(128)
        .describe('levels from this on are inverted (PIL)'),
    })
    .prefault({}),
});

/** The part of {@link ViewOptions} that a configuration says. */
export function viewOptionsOf(
  views: z.output<typeof viewsSchema>,
): Omit<ViewOptions, 'normalization' | 'behavior'> {
  const { cropSize, scale, flip, colorJitter, grayscale, blur, second, solarize } = views;
  return {
    cropSize,
    scaleRange: scale,
    flipProbability: flip,
    colorJitter,
    grayProbability: grayscale,
    blurSigmaRange: blur.sigma,
    mainBlurProbability: blur.main,
    localBlurProbability: blur.local,
    areaRange: second.area,
    aspectRange: second.aspect,
    secondBlurProbability: blur.second,
    solarizeProbability: solarize.probability,
    solarizeThreshold: solarize.threshold,
  };
}
