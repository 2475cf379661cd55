import { readOrdinaryFile } from './ordinary-file.js';

/** An image that is still encoded: a file, or a drawing held in memory. Plain data, so that it can go to a worker thread. */
export type EncodedImage = { readonly path: string } | { readonly name: string; readonly svg: string };

/** What messages call the image. */
export function imageName(image: EncodedImage): string {
  return 'path' in image ? image.path : image.name;
}

/**
 * The encoded bytes.
 *
 * @throws One line that names the file, and says when it does not exist or is no ordinary file.
 */
export async function readImageBytes(image: EncodedImage): Promise<Uint8Array> {
  if ('svg' in image) return Buffer.from(image.svg);
  return readOrdinaryFile(image.path);
}
