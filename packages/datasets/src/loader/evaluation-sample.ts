import type { LabelMap } from '@toco/formats';
import type { Sample } from '../dataset/dataset.js';
import { decodeImage } from '../image/decode-image.js';
import { decodeMask } from '../image/decode-mask.js';
import { imageNetNormalization, normalize, type Normalization } from '../transforms/normalize.js';
import { squash } from '../transforms/squash.js';
import { UserError } from '@toco/files';

/** Options of {@link loadEvaluationSample}. */
export interface EvaluationOptions {
  /** The image is squashed to `size × size` pixels; left out, it keeps its own size. */
  readonly size?: number | undefined;
  readonly normalization?: Normalization | undefined;
  /** Whether the mask is read; without it `mask` is left out. */
  readonly withMask?: boolean | undefined;
}

/** One image as an evaluation wants it. */
export interface EvaluationSample {
  readonly id: string;
  readonly height: number;
  readonly width: number;
  /** Size of the photograph itself, which its mask has too. */
  readonly original: { readonly height: number; readonly width: number };
  /** `[height, width, 3]`, normalized. */
  readonly image: Float32Array;
  /** `[C]`: 1 for the classes that the image shows. */
  readonly labels: Uint8Array;
  /** The class of every pixel at the photograph's own size: 0 background, 1 … C, 255 ignored. */
  readonly mask?: LabelMap;
}

/**
 * Decodes an image and its mask; the normalized image is squashed bilinearly without antialias, as in the original's validation.
 *
 * @throws One line that names the file when image or mask is missing, damaged, or does not agree with the other.
 *
 * @example
 * const list = await voc('VOCdevkit/VOC2012').list('val');
 * const { image, mask } = await loadEvaluationSample(list.sample(0), { size: 448 });
 */
export async function loadEvaluationSample(
  sample: Sample,
  options: EvaluationOptions = {},
): Promise<EvaluationSample> {
  const { size, normalization = imageNetNormalization, withMask = true } = options;
  const photograph = await decodeImage(sample.image);
  const { width, height } = photograph;
  const normalized = normalize(photograph, normalization);
  const [outHeight, outWidth] = size === undefined ? [height, width] : [size, size];
  const base = {
    id: sample.id,
    height: outHeight,
    width: outWidth,
    original: { height, width },
    image: size === undefined ? normalized : squash(normalized, [height, width], [size, size]),
    labels: sample.labels,
  };
  if (!withMask) return base;
  if (sample.mask === undefined) throw new UserError(`${sample.id}: the data set has no mask for this image`);
  return {
    ...base,
    mask: await decodeMask(sample.mask, { numClasses: sample.labels.length, image: photograph }),
  };
}
