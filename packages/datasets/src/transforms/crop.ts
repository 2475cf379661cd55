import { blackImage, type RgbImage } from '../image/rgb-image.js';

/** Rows and columns `[y0, y1, x0, x1]`, ends excluded. */
export type Box = readonly [number, number, number, number];

/** The pixels inside `box`, which lies within the image. */
export function crop(image: RgbImage, box: Box): RgbImage {
  return paddedCrop(image, { height: box[1] - box[0], width: box[3] - box[2], top: -box[0], left: -box[2] })
    .image;
}

/** Where an image lies in a crop: size of the crop, and the crop's coordinates of the image's first row and column. */
export interface CropPlacement {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
}

/**
 * Cuts a crop that may reach beyond the image; what lies outside is black.
 *
 * @returns The crop, and the box of real pixels in it.
 */
export function paddedCrop(image: RgbImage, placement: CropPlacement): { image: RgbImage; imgBox: Box } {
  const { height, width, top, left } = placement;
  const imgBox = realPixels(image, placement);
  const [y0, y1, x0, x1] = imgBox;
  const out = blackImage(width, height);
  for (let y = y0; y < y1; y++) {
    const from = ((y - top) * image.width - left) * 3;
    out.data.set(image.data.subarray(from + x0 * 3, from + x1 * 3), (y * width + x0) * 3);
  }
  return { image: out, imgBox };
}

/** The box of real pixels in a crop of an image of this size. */
export function realPixels(size: { width: number; height: number }, placement: CropPlacement): Box {
  const { height, width, top, left } = placement;
  return [
    Math.max(0, top),
    Math.min(height, top + size.height),
    Math.max(0, left),
    Math.min(width, left + size.width),
  ];
}
