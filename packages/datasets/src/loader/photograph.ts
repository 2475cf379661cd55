import { UserError } from '@toco/files';
import type { Sample } from '../dataset/dataset.js';
import { decodeImage } from '../image/decode-image.js';
import { decodeMask } from '../image/decode-mask.js';

/** Options of {@link loadPhotograph}. */
export interface PhotographOptions {
  /** Whether the mask is read; without it `mask` is left out. */
  readonly withMask?: boolean | undefined;
  /** Whether the photograph is turned as its orientation tag says; not with masks, which are never turned. */
  readonly upright?: boolean | undefined;
}

/** One photograph as it is, neither resized nor normalized. */
export interface Photograph {
  readonly id: string;
  readonly height: number;
  readonly width: number;
  /** `[height, width, 3]`, red, green, blue. */
  readonly data: Uint8Array;
  /** `[C]`: 1 for the classes that the image shows. */
  readonly labels: Uint8Array;
  /** The class of every pixel: 0 background, 1 … C, 255 ignored. */
  readonly mask?: Uint8Array;
}

/**
 * Decodes a photograph and its mask.
 *
 * @throws One line that names the file when one is missing, damaged, or does not agree with the other.
 */
export async function loadPhotograph(
  sample: Sample,
  { withMask = false, upright = false }: PhotographOptions = {},
): Promise<Photograph> {
  const image = await decodeImage(sample.image, { upright });
  const { id, labels } = sample;
  if (!withMask) return { id, labels, ...image };
  if (sample.mask === undefined) throw new UserError(`${id}: the data set has no mask for this image`);
  const { data: mask } = await decodeMask(sample.mask, { numClasses: labels.length, image });
  return { id, labels, ...image, mask };
}
