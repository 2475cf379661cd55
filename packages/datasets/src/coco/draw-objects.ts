import { encodeLabelPng, type LabelMap } from '@toco/formats';
import { type CrowdTreatment, inDrawingOrder } from '../annotations/coco-annotations.js';
import { ignoredLabel } from '../image/decode-mask.js';
import { drawRegions } from '../image/drawn-regions.js';
import { placeFile } from '@toco/files';
import { threadWork } from '../threads/thread-work.js';

/** An object with its label in the mask. */
export interface DrawnObject {
  /** 1 … C. */
  readonly label: number;
  readonly crowd: boolean;
  readonly area: number;
  /** Run lengths in COCO's text. */
  readonly counts: string;
}

/** A mask that is to be drawn. */
export interface DrawTask {
  readonly path: string;
  readonly height: number;
  readonly width: number;
  readonly objects: readonly DrawnObject[];
  readonly crowds: CrowdTreatment;
}

/**
 * The class of every pixel of an image from its objects. Larger objects are drawn first, so that smaller ones on them stay
 * visible; of two with the same area the one that comes first in the file is on top. Regions of crowds are ignored (255) where no
 * object is, or drawn like objects.
 */
export function drawObjects({ height, width, objects, crowds }: Omit<DrawTask, 'path'>): LabelMap {
  const regions = inDrawingOrder(objects, crowds).map(({ label, crowd, counts }) => ({
    label: crowd && crowds === 'ignore' ? ignoredLabel : label,
    counts,
  }));
  return drawRegions(regions, { width, height });
}

/** Draws a mask into a PNG with VOC's palette. */
export async function writeDrawing(task: DrawTask): Promise<void> {
  await placeFile(task.path, encodeLabelPng(drawObjects(task)));
}

/** {@link writeDrawing} for threads. */
export const drawWork = threadWork(import.meta.url, writeDrawing);
