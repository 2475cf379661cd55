import { decodeLabelPng, type LabelMap } from '@toco/formats';
import sharp from 'sharp';
import { imageName, readImageBytes, type EncodedImage } from './encoded-image.js';
import { UserError } from '@toco/files';

/** Pixels of this value belong to no class and are left out of every figure. */
export const ignoredLabel = 255;

/** What a mask must agree with. */
export interface MaskExpectation {
  /** Foreground classes: labels are 0 (background) … `numClasses`, and 255. */
  readonly numClasses: number;
  /** The photograph that the mask belongs to. */
  readonly image: { readonly width: number; readonly height: number };
}

/**
 * The class of every pixel of a label image (a PNG with palette, or 8-bit grey), exact: colours are never interpreted.
 *
 * @throws One line that names the file when it is missing, damaged, of another size than its photograph, or holds a label
 * outside the classes.
 */
export async function decodeMask(
  mask: EncodedImage,
  { numClasses, image }: MaskExpectation,
): Promise<LabelMap> {
  const bytes = await readImageBytes(mask);
  const map = 'svg' in mask ? await drawnLabels(bytes) : inFile(imageName(mask), () => decodeLabelPng(bytes));
  if (map.width !== image.width || map.height !== image.height) {
    throw new UserError(
      `${imageName(mask)}: the mask has ${map.width} × ${map.height} pixels, its image ${image.width} × ${image.height}`,
    );
  }
  const outside = map.data.findIndex((label) => label > numClasses && label !== ignoredLabel);
  if (outside >= 0) {
    throw new UserError(
      `${imageName(mask)}: label ${map.data[outside]} at row ${Math.floor(outside / map.width)}, column ${outside % map.width} ` +
        `is outside the ${numClasses} classes (0 is background, ${ignoredLabel} ignored)`,
    );
  }
  return map;
}

function inFile<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UserError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** The labels of a drawing whose shapes are filled with the grey value of their class, without antialias. */
async function drawnLabels(svg: Uint8Array): Promise<LabelMap> {
  const { data, info } = await sharp(svg)
    .removeAlpha()
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
