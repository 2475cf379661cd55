import type { Sample } from '../dataset/dataset.js';
import { orientationTag } from '../image/orientation-tag.js';
import { decodeImage } from '../image/decode-image.js';
import { decodeMask } from '../image/decode-mask.js';
import type { RgbImage } from '../image/rgb-image.js';
import { threadWork } from '../threads/thread-work.js';

/** Something about an image that is wrong (`error`), or that an image is better without (`disagreement`). */
export interface Problem {
  readonly kind: 'error' | 'disagreement';
  /** The image's list and id. */
  readonly list: string;
  readonly id: string;
  /** One line; it names the file where there is one. */
  readonly message: string;
}

/** An image that is to be checked. */
export interface CheckTask {
  readonly list: string;
  readonly sample: Sample;
  readonly classes: readonly string[];
}

/** What came of it. */
export interface CheckedSample {
  readonly problems: readonly Problem[];
  /** Pixels of the mask by label, 256 numbers; left out without a readable mask. */
  readonly pixels?: Float64Array;
  /** EXIF's orientation tag where it turns or mirrors the photograph. */
  readonly orientation?: number;
}

/** Decodes an image and its mask whole, and compares them with each other and with the labels. */
export async function checkSample(task: CheckTask): Promise<CheckedSample> {
  const orientation = await orientationTag(task.sample.image);
  const checked = await compare(task, orientation);
  return orientation === undefined ? checked : { ...checked, orientation };
}

async function compare(
  { list, sample, classes }: CheckTask,
  orientation: number | undefined,
): Promise<CheckedSample> {
  const problems: Problem[] = [];
  const add = (kind: Problem['kind'], message: string): void => {
    problems.push({ kind, list, id: sample.id, message });
  };
  let image: RgbImage | undefined;
  try {
    image = await decodeImage(sample.image);
  } catch (error) {
    add('error', (error as Error).message);
  }
  if (sample.mask === undefined || image === undefined) return { problems };
  try {
    const { data } = await decodeMask(sample.mask, { numClasses: classes.length, image });
    const pixels = new Float64Array(256);
    for (const label of data) pixels[label]!++;
    const labeled = classes.filter((_, index) => sample.labels[index] === 1);
    const shown = classes.filter((_, index) => pixels[index + 1]! > 0);
    if (labeled.length > 0 && shown.length > 0 && !shown.some((name) => labeled.includes(name))) {
      add(
        'error',
        `the labels name ${labeled.join(', ')}, the mask shows ${shown.join(', ')}: nothing in common`,
      );
      return { problems, pixels };
    }
    for (const name of shown.filter((name) => !labeled.includes(name))) {
      add(
        'disagreement',
        `the mask shows ${name} (${pixels[classes.indexOf(name) + 1]} pixels), the labels don't`,
      );
    }
    for (const name of labeled.filter((name) => !shown.includes(name))) {
      add('disagreement', `the labels name ${name}, the mask does not show it`);
    }
    return { problems, pixels };
  } catch (error) {
    const { message } = error as Error;
    const turned = /the mask has .* its image/.test(message) && orientation !== undefined;
    add(
      'error',
      turned
        ? `${message} as stored: its orientation tag ${orientation} (EXIF) turns it in viewers, and toco ignores tags; turn the pixels (e.g. mogrify -auto-orient) or the mask`
        : message,
    );
    return { problems };
  }
}

/** {@link checkSample} for threads. */
export const checkWork = threadWork(import.meta.url, checkSample);
