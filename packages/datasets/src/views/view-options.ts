import { imageNetNormalization, type Normalization } from '../transforms/normalize.js';

/**
 * `corrected`: one flip before the crop, shared by main view and local source. `reference`: both flip once more, each on its
 * own, after the box of real pixels is fixed, as the reference implementation does.
 */
export type Behavior = 'reference' | 'corrected';

/** A closed range from which a number is drawn uniformly. */
export type Range = readonly [low: number, high: number];

/** Strengths of the color jitter, whose four operations come in random order. */
export interface ColorJitterOptions {
  readonly probability: number;
  /** Factor from U(1 − b, 1 + b). */
  readonly brightness: number;
  /** Factor from U(1 − c, 1 + c). */
  readonly contrast: number;
  /** Factor from U(1 − s, 1 + s). */
  readonly saturation: number;
  /** Shift from U(−h, h), in turns. */
  readonly hue: number;
}

/** Every number behind the three views of a training image; `viewsSchema` says where they come from. */
export interface ViewOptions {
  /** Side of all views, pixels. */
  readonly cropSize: number;
  /** Main view: factor by which the image is rescaled before the crop. */
  readonly scaleRange: Range;
  readonly flipProbability: number;
  readonly colorJitter: ColorJitterOptions;
  readonly grayProbability: number;
  /** Standard deviation of the blur, pixels. */
  readonly blurSigmaRange: Range;
  readonly mainBlurProbability: number;
  readonly localBlurProbability: number;
  /** Second global view: share of the image's area. */
  readonly areaRange: Range;
  /** Second global view: width / height, log-uniform. */
  readonly aspectRange: Range;
  readonly secondBlurProbability: number;
  readonly solarizeProbability: number;
  readonly solarizeThreshold: number;
  readonly normalization: Normalization;
  readonly behavior: Behavior;
}

/** The numbers of the paper's VOC and COCO runs. */
export const defaultViewOptions: ViewOptions = {
  cropSize: 448,
  scaleRange: [0.5, 2],
  flipProbability: 0.5,
  colorJitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
  grayProbability: 0.2,
  blurSigmaRange: [0.1, 2],
  mainBlurProbability: 1,
  localBlurProbability: 0.5,
  areaRange: [0.4, 1],
  aspectRange: [3 / 4, 4 / 3],
  secondBlurProbability: 0.1,
  solarizeProbability: 0.2,
  solarizeThreshold: 128,
  normalization: imageNetNormalization,
  behavior: 'corrected',
};
