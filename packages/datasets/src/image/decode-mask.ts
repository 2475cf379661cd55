import { decodeLabelPng, type LabelMap } from '@toco/formats';
import sharp from 'sharp';
import { decodeColoredMask } from './colored-mask.js';
import { drawRegions } from './drawn-regions.js';
import { readImageBytes } from './encoded-image.js';
import { type EncodedMask, maskName } from './encoded-mask.js';
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
 * The class of every pixel: of a label image (a PNG with palette, or 8-bit gray), whose colors are never interpreted; of an image
 * in which each class has a color; or of outlines, which are drawn.
 *
 * @throws One line that names the file when it is missing, damaged, of another size than its photograph, or holds a label
 * outside the classes.
 */
export async function decodeMask(
  mask: EncodedMask,
  { numClasses, image }: MaskExpectation,
): Promise<LabelMap> {
  const map = await labelsIn(mask, image);
  if (map.width !== image.width || map.height !== image.height) {
    throw new UserError(
      `${maskName(mask)}: the mask has ${map.width} × ${map.height} pixels, its image ${image.width} × ${image.height}`,
    );
  }
  const outside = map.data.findIndex((label) => label > numClasses && label !== ignoredLabel);
  if (outside >= 0) {
    throw new UserError(
      `${maskName(mask)}: label ${map.data[outside]} at row ${Math.floor(outside / map.width)}, column ${outside % map.width} ` +
        `is outside the ${numClasses} classes (0 is background, ${ignoredLabel} ignored)`,
    );
  }
  return map;
}

/** The labels of a mask at its own size. */
async function labelsIn(
  mask: EncodedMask,
  image: { readonly width: number; readonly height: number },
): Promise<LabelMap> {
  if ('svg' in mask) return drawnLabels(await readImageBytes(mask));
  const bytes = 'path' in mask ? await readImageBytes(mask) : undefined;
  try {
    if ('regions' in mask) return drawRegions(mask.regions, mask.size ?? image);
    return 'colors' in mask ? await decodeColoredMask(bytes!, mask.colors) : decodeLabelPng(bytes!);
  } catch (error) {
    throw new UserError(`${maskName(mask)}: ${(error as Error).message}`, { cause: error });
  }
}

/** The labels of a drawing whose shapes are filled with the gray value of their class, without antialias. */
async function drawnLabels(svg: Uint8Array): Promise<LabelMap> {
  const { data, info } = await sharp(svg)
    .removeAlpha()
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
