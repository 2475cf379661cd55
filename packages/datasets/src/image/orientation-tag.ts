import sharp from 'sharp';
import { readImageBytes, type EncodedImage } from './encoded-image.js';

/**
 * EXIF's orientation tag of a photograph where it turns or mirrors it (2 … 8). {@link decodeImage} ignores it; programs for drawing
 * masks obey it.
 */
export async function orientationTag(image: EncodedImage): Promise<number | undefined> {
  try {
    const { orientation = 1 } = await sharp(await readImageBytes(image)).metadata();
    return orientation > 1 && orientation <= 8 ? orientation : undefined;
  } catch {
    // Why it can't be read is told by whoever decodes it.
    return undefined;
  }
}
