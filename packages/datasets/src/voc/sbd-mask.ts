import { decodeMat, encodeLabelPng, type LabelMap } from '@toco/formats';
import { ignoredLabel } from '../image/decode-mask.js';
import { placeFile, UserError } from '@toco/files';
import { threadWork } from '../threads/thread-work.js';
import { vocClasses } from './voc-classes.js';

/** Memory for one unpacked file: a mask and the boundaries of its classes take less than 1 MB. */
const unpackedLimit = 2 ** 26;

/**
 * The class of every pixel in a file of the Semantic Boundaries Dataset (`dataset/cls/ID.mat`): `GTcls.Segmentation`.
 *
 * @param where - What messages call the file.
 * @throws One line for a damaged file, another structure, or a label outside of VOC's classes.
 */
export function sbdMask(bytes: Uint8Array, where: string): LabelMap {
  try {
    const truth = decodeMat(bytes, { limit: unpackedLimit }).get('GTcls');
    const isStruct = typeof truth === 'object' && 'kind' in truth && truth.kind === 'struct';
    const mask = isStruct ? truth.elements[0]?.get('Segmentation') : undefined;
    if (typeof mask !== 'object' || !('dtype' in mask) || mask.shape.length !== 2) {
      throw new UserError('there is no GTcls.Segmentation');
    }
    const [height, width] = mask.shape as [number, number];
    const data = Uint8Array.from(mask.data as Uint8Array, Number);
    const outside = (mask.data as Uint8Array).findIndex(
      (label) => !(label >= 0 && label <= vocClasses.length) && label !== ignoredLabel,
    );
    if (outside >= 0)
      throw new UserError(`label ${mask.data[outside]} is outside of the ${vocClasses.length} classes`);
    return { width, height, data };
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** A mask that is to be converted. */
export interface SbdMaskTask {
  readonly bytes: Uint8Array;
  readonly where: string;
  /** The PNG. */
  readonly path: string;
}

/** Writes the mask of a `.mat` file as a PNG with VOC's palette. */
export async function convertSbdMask({ bytes, where, path }: SbdMaskTask): Promise<void> {
  await placeFile(path, encodeLabelPng(sbdMask(bytes, where)));
}

/** {@link convertSbdMask} for threads. */
export const sbdMaskWork = threadWork(import.meta.url, convertSbdMask);
