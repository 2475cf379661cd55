import type { DenseCrfOptions } from '@toco/crf';
import type { ScaleMaps } from '../masks/fuse-maps.js';
import { fusedStrips } from '../masks/fuse-maps.js';
import { largestChannels } from '../masks/predict-labels.js';
import type { Planes, Size } from '../masks/resize-planes.js';
import type { CrfPreset, Passes } from '../protocol/protocol.js';
import type { SegmenterImage } from './segmenter-image.js';

/**
 * A dense CRF: `denseCrf` of `@toco/crf`, `nativeDenseCrf` of `@toco/runtime`, or a function that asks a pool of workers, which may take the
 * buffer of the probabilities with it.
 */
export type Crf = (
  image: Uint8Array | Uint8ClampedArray,
  probabilities: Float32Array,
  options: DenseCrfOptions,
) => Float32Array | Promise<Float32Array>;

/** Rows of a segmentation's class probabilities. */
export interface ProbabilityRows {
  /** Row that they begin at. */
  readonly top: number;
  /** `[rows,W,K]`; the array is used again for the next rows. */
  readonly probabilities: Planes;
}

/** A class counts as improbable everywhere where no pixel gives it more than this. */
export const improbable = 0.01;

/** What a CRF is given besides the image. */
export interface RefineOptions {
  readonly maps: readonly ScaleMaps[];
  readonly passes: Passes;
  readonly crf: Crf;
  readonly preset: CrfPreset;
  /** Number of classes that memory suffices for. */
  readonly mostClasses: number;
  /** Called with each strip of probabilities before the CRF. */
  readonly onStrip?: ((rows: ProbabilityRows) => void) | undefined;
}

/** What a CRF made of a segmentation. */
export interface Refined {
  readonly labels: Uint8Array;
  /** `[H,W,classes]`. */
  readonly probabilities: Planes;
  /** The classes that took part, 0 the background. */
  readonly classes: readonly number[];
}

/**
 * The segmentation's probabilities refined by a dense CRF. Where memory does not suffice for all classes, those that are improbable
 * everywhere are left out.
 *
 * @returns undefined where memory does not suffice for the others either
 */
export async function refineSegmentation(
  image: Pick<SegmenterImage, 'height' | 'width' | 'data'>,
  { maps, passes, crf, preset, mostClasses, onStrip }: RefineOptions,
): Promise<Refined | undefined> {
  const { height, width } = image;
  const all = maps[0]!.plain.channels;
  const everyClass = Array.from({ length: all }, (_, k) => k);
  const classes = all <= mostClasses ? everyClass : probableClasses(image, { maps, passes });
  if (classes.length > mostClasses) return undefined;
  const { iterations, gaussian, bilateral } = preset;
  const data = new Float32Array(height * width * classes.length);
  for (const { top, planes, softmax } of fusedStrips(maps, image, passes)) {
    softmax();
    const probabilities = planes.data;
    onStrip?.({ top, probabilities: planes });
    const at = top * width * classes.length;
    if (classes.length === all) data.set(probabilities, at);
    else
      for (let i = 0, to = at; i < probabilities.length; i += all)
        for (const k of classes) data[to++] = probabilities[i + k]!;
  }
  const q = await crf(image.data, data, {
    ...{ height, width, classes: classes.length },
    ...{ iterations, gaussian, bilateral },
  });
  const labels = new Uint8Array(height * width);
  largestChannels(q, classes.length, labels);
  if (classes.length < all) for (let i = 0; i < labels.length; i++) labels[i] = classes[labels[i]!]!;
  return { labels, probabilities: { height, width, channels: classes.length, data: q }, classes };
}

/** The background, and the classes that are probable somewhere. */
function probableClasses(image: Size, { maps, passes }: Pick<RefineOptions, 'maps' | 'passes'>): number[] {
  const all = maps[0]!.plain.channels;
  const most = new Float32Array(all);
  for (const { planes, softmax } of fusedStrips(maps, image, passes)) {
    softmax();
    const probabilities = planes.data;
    for (let i = 0; i < probabilities.length; i += all)
      for (let k = 0; k < all; k++) if (probabilities[i + k]! > most[k]!) most[k] = probabilities[i + k]!;
  }
  return [...most.keys()].filter((k) => k === 0 || most[k]! > improbable);
}

/** Planes of all classes out of those of some; the others get 0. */
export function spreadClasses({ height, width, channels, data }: Planes, to: SpreadOptions): Planes {
  if (channels === to.count) return { height, width, channels, data };
  const out = new Float32Array(height * width * to.count);
  for (let i = 0, from = 0; i < out.length; i += to.count)
    for (const k of to.classes) out[i + k] = data[from++]!;
  return { height, width, channels: to.count, data: out };
}

interface SpreadOptions {
  readonly classes: readonly number[];
  readonly count: number;
}
