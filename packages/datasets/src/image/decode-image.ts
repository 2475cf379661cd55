import sharp from 'sharp';
import { imageName, readImageBytes, type EncodedImage } from './encoded-image.js';
import type { RgbImage } from './rgb-image.js';
import { UserError } from '@toco/files';

/** 11,000 × 11,000: views of a larger photograph would not fit into memory. */
const mostPixels = 2 ** 27;

/** Options of {@link decodeImage}. */
export interface DecodeOptions {
  /** Turned as its orientation tag says, which is how viewers show it; by default it stays as it is stored, because masks do. */
  readonly upright?: boolean | undefined;
}

/**
 * The pixels of a JPEG, PNG or other photograph as 8-bit RGB. Gray, 16-bit and CMYK images are converted, transparency and
 * color profiles are dropped; orientation tags are ignored unless `upright` says otherwise.
 *
 * A file that is cut short is refused, not filled up with gray.
 *
 * @throws One line that names the file when it is missing, no ordinary file, cut short, damaged or of more than 2²⁷ pixels.
 *
 * @example
 * const { width, height, data } = await decodeImage({ path: 'JPEGImages/2007_000033.jpg' });
 */
export async function decodeImage(
  image: EncodedImage,
  { upright = false }: DecodeOptions = {},
): Promise<RgbImage> {
  const bytes = await readImageBytes(image);
  try {
    const { data, info } = await sharp(bytes, {
      failOn: 'error',
      ignoreIcc: true,
      limitInputPixels: mostPixels,
      autoOrient: upright,
    })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new UserError(`${imageName(image)}: ${reason(error)}`, { cause: error });
  }
}

/** The first line of the decoder's message without its prefix; the lines after it repeat it, or are another image's. */
function reason(error: unknown): string {
  const [line = ''] = (error as Error).message.trim().split(/\s*\n\s*/);
  const text = line.replace(/^Input (?:buffer|file) has corrupt header: /, '');
  if (/pixel limit/i.test(text)) return `the image has more than ${mostPixels} pixels; make it smaller`;
  return /premature end|truncated/i.test(text)
    ? `the image is cut short (${text})`
    : `not a readable image (${text})`;
}
