import type { Sample } from '../dataset/dataset.js';
import { decodeImage } from '../image/decode-image.js';
import { decodeMask } from '../image/decode-mask.js';
import { randomPurpose, randomStream } from '../random/random.js';
import type { Box } from '../transforms/crop.js';
import { normalize } from '../transforms/normalize.js';
import { applyViews } from '../views/apply-views.js';
import { mainViewMask } from '../views/main-view-mask.js';
import type { ViewOptions } from '../views/view-options.js';
import { drawViews, type ViewPlan } from '../views/view-plan.js';

/** What the random numbers of a sample hang on, and nothing else. */
export interface SampleKey {
  readonly seed: number;
  readonly epoch: number;
  readonly index: number;
}

/** The photograph of a sample can't be read; other errors are faults of ours or of an enrichment. */
export class UnreadableImage extends Error {}

/** One image as a training step wants it; H = W = `cropSize`. */
export interface TrainingSample {
  readonly id: string;
  /** What its random numbers hang on: an enrichment draws its own with `randomPurpose.enrichment`. */
  readonly key: SampleKey;
  /** How its views were cut: `mainViewMask` brings a mask of the photograph into the main view. */
  readonly plan: ViewPlan;
  /** Side of the views, pixels. */
  readonly cropSize: number;
  /** Main view, which is the first global view: `[H, W, 3]`, normalized. */
  readonly images: Float32Array;
  /** Second global view: `[H, W, 3]`, normalized. */
  readonly globalView: Float32Array;
  /** The view that local crops are cut from, at the places of the main view: `[H, W, 3]`, normalized. */
  readonly localSource: Float32Array;
  /** `[C]`: 1 for the classes that the image shows. */
  readonly labels: Uint8Array;
  /** The box of real pixels in the main view, the rest being padding. */
  readonly imgBox: Box;
  /** `[H, W]`: uniform numbers in `[0, 1)`, by which the step draws the centers of local crops. */
  readonly cropNoise: Float32Array;
  /** `[H, W]`: the class of every pixel of the main view, 255 = ignored; only where the image trains on its mask. */
  readonly mask?: Uint8Array;
}

/**
 * Decodes an image and makes its views; the same key gives the same sample anywhere.
 *
 * @throws One line that names the image, or its mask, when it can't be read, or when they do not fit each other.
 *
 * @example
 * const list = await voc('VOCdevkit/VOC2012').list('train_aug');
 * const sample = await loadTrainingSample(list.sample(0), { seed: 0, epoch: 0, index: 0 }, defaultViewOptions);
 */
export async function loadTrainingSample(
  sample: Sample,
  key: SampleKey,
  options: ViewOptions,
): Promise<TrainingSample> {
  return fillTrainingSample(sample, key, { options, arrays: trainingArrays(1, options.cropSize) });
}

/** The large arrays of a sample, or of a batch's samples one behind the other. */
export type TrainingArrays = Pick<TrainingSample, 'images' | 'globalView' | 'localSource' | 'cropNoise'>;

/** Room for the large arrays of `count` samples: that of `old` where it has the size, whatever it holds. */
export function trainingArrays(count: number, cropSize: number, old?: TrainingArrays): TrainingArrays {
  const pixels = count * cropSize ** 2;
  if (old?.images.length === 3 * pixels) {
    const { images, globalView, localSource, cropNoise } = old;
    return { images, globalView, localSource, cropNoise };
  }
  return {
    images: new Float32Array(3 * pixels),
    globalView: new Float32Array(3 * pixels),
    localSource: new Float32Array(3 * pixels),
    cropNoise: new Float32Array(pixels),
  };
}

/** The part of a batch's arrays that belongs to the sample at `position`. */
export function arraysAt(arrays: TrainingArrays, position: number, cropSize: number): TrainingArrays {
  const part = (array: Float32Array, channels: number): Float32Array => {
    const length = channels * cropSize ** 2;
    return array.subarray(position * length, (position + 1) * length);
  };
  return {
    images: part(arrays.images, 3),
    globalView: part(arrays.globalView, 3),
    localSource: part(arrays.localSource, 3),
    cropNoise: part(arrays.cropNoise, 1),
  };
}

/** {@link loadTrainingSample} into arrays that are there already, and become the sample's. */
export async function fillTrainingSample(
  sample: Sample,
  key: SampleKey,
  { options, arrays }: { readonly options: ViewOptions; readonly arrays: TrainingArrays },
): Promise<TrainingSample> {
  const image = await decodeImage(sample.image).catch((error: unknown) => {
    throw new UnreadableImage((error as Error).message, { cause: error });
  });
  const { seed, epoch, index } = key;
  const plan = drawViews(randomStream(randomPurpose.views, seed, epoch, index), image, options);
  const views = applyViews(image, plan);
  const { trainingMask, labels } = sample;
  const mask = trainingMask && (await decodeMask(trainingMask, { numClasses: labels.length, image }));
  return {
    ...{ id: sample.id, key, plan },
    cropSize: options.cropSize,
    images: normalize(views.main, options.normalization, arrays.images),
    globalView: normalize(views.second, options.normalization, arrays.globalView),
    localSource: normalize(views.local, options.normalization, arrays.localSource),
    labels,
    imgBox: views.imgBox,
    cropNoise: randomStream(randomPurpose.crops, seed, epoch, index).noise(
      options.cropSize ** 2,
      arrays.cropNoise,
    ),
    ...(mask && { mask: mainViewMask(mask, plan).data }),
  };
}
