import sharp from 'sharp';
import { imageName, readImageBytes, type EncodedImage } from './encoded-image.js';
import type { RgbImage } from './rgb-image.js';

/**
 * The pixels of a JPEG, PNG or other photograph as 8-bit RGB. Grey, 16-bit and CMYK images are converted, transparency and
 * colour profiles are dropped; orientation tags are ignored, because masks are not turned either.
 *
 * @throws One line that names the file when it is missing, cut short or damaged.
 *
 * @example
 * const { width, height, data } = await decodeImage({ path: 'JPEGImages/2007_000033.jpg' });
 */
export async function decodeImage(image: EncodedImage): Promise<RgbImage> {
  const bytes = await readImageBytes(image);
  try {
    const { data, info } = await sharp(bytes, { failOn: 'error', ignoreIcc: true })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new Error(`${imageName(image)}: ${reason(error)}`, { cause: error });
  }
}

/** The decoder's message on one line, without the decoder's own prefix. */
function reason(error: unknown): string {
  const text = (error as Error).message.trim().replaceAll(/\s*\n\s*/g, '; ');
  return /premature end|truncated/i.test(text)
    ? `the image is cut short (${text})`
    : `not a readable image (${text})`;
}
