import type { Finding } from './finding.js';
import type { EncodedImage } from '../image/encoded-image.js';
import type { EncodedMask } from '../image/encoded-mask.js';
import { UserError } from '@toco/files/user-error';

/** One image of a data set: plain data, nothing decoded yet. */
export interface Sample {
  readonly id: string;
  readonly image: EncodedImage;
  /** `[C]`: 1 for the classes that the image shows, 0 for the others. */
  readonly labels: Uint8Array;
  /** The class of every pixel, where it is known; training never looks at it. */
  readonly mask?: EncodedMask;
  /** The mask that training does look at, in the place of a pseudo label. */
  readonly trainingMask?: EncodedMask;
}

/** The images of one list, such as VOC's `train_aug`, in the order of the list. */
export interface SampleList {
  readonly name: string;
  /** Names of the C foreground classes; labels and masks number them 1 … C. */
  readonly classes: readonly string[];
  readonly length: number;
  /** Whether some or all samples have a `trainingMask`; left out, none has. */
  readonly trainingMasks?: 'some' | 'all';
  sample(index: number): Sample;
}

/** Images with image-level labels in named lists. An object with the first three fields and `list` is a data set. */
export interface Dataset {
  readonly name: string;
  /** Names of the C foreground classes. */
  readonly classes: readonly string[];
  /** Names of the lists for training and for validation. */
  readonly lists: { readonly train: string; readonly val: string };
  /** What stood out when the data set was opened. */
  readonly findings?: readonly Finding[];
  /**
   * Reads a list and the labels of its images.
   *
   * @throws One line when the list, a label or an image is missing.
   */
  list(name: string): Promise<SampleList>;
}

/** A list over samples in memory. */
export function sampleList(name: string, classes: readonly string[], samples: readonly Sample[]): SampleList {
  return computedList({ name, classes, length: samples.length }, (index) => samples[index]!);
}

/** A list whose samples are made when they are asked for; `sample` gets indices within the list only. */
export function computedList(
  { name, classes, length }: Pick<SampleList, 'name' | 'classes' | 'length'>,
  sample: (index: number) => Sample,
): SampleList {
  return {
    name,
    classes,
    length,
    sample(index) {
      if (!(Number.isInteger(index) && index >= 0 && index < length)) {
        throw new RangeError(`list ${name} has ${length} samples, none at ${index}`);
      }
      return sample(index);
    },
  };
}

/**
 * The class names of a data set, checked.
 *
 * @throws One line when there is no class, a name is empty or comes twice, or there are more than 8-bit masks can number.
 */
export function checkClasses(dataset: string, classes: readonly string[]): readonly string[] {
  if (classes.length === 0)
    throw new UserError(`${dataset}: the list of classes is empty; name at least one foreground class`);
  if (classes.length > 254)
    throw new UserError(`${dataset}: ${classes.length} classes; masks of 8 bits number at most 254`);
  const seen = new Set<string>();
  for (const name of classes) {
    if (name.trim() === '') throw new UserError(`${dataset}: a class has an empty name`);
    if (seen.has(name)) throw new UserError(`${dataset}: class "${name}" is named twice`);
    seen.add(name);
  }
  return classes;
}
