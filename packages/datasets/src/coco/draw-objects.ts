import { decodeRleCounts, encodeLabelPng, type LabelMap } from '@toco/formats';
import { ignoredLabel } from '../image/decode-mask.js';
import { placeFile } from '@toco/files';
import { threadWork } from '../threads/thread-work.js';

/** What crowd regions become: ignored, as COCO's own evaluation does, or their class, as in the masks that are in circulation. */
export type CrowdTreatment = 'ignore' | 'class';

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
  const data = new Uint8Array(height * width);
  const isIgnored = (object: DrawnObject): boolean => crowds === 'ignore' && object.crowd;
  for (const object of objects.filter(isIgnored)) paint(data, object, ignoredLabel);
  const visible = objects.filter((object) => !isIgnored(object));
  // The sort is stable: reversed, equal areas are drawn from the last to the first.
  for (const object of visible.sort((a, b) => a.area - b.area).reverse()) paint(data, object, object.label);
  return { height, width, data };

  function paint(map: Uint8Array, { counts }: DrawnObject, label: number): void {
    let at = 0;
    decodeRleCounts(counts).forEach((count, run) => {
      const end = at + count;
      if (run % 2 === 0) at = end;
      for (; at < end; at++) map[(at % height) * width + Math.floor(at / height)] = label;
    });
  }
}

/** Draws a mask into a PNG with VOC's palette. */
export async function writeDrawing(task: DrawTask): Promise<void> {
  await placeFile(task.path, encodeLabelPng(drawObjects(task)));
}

/** {@link writeDrawing} for threads. */
export const drawWork = threadWork(import.meta.url, writeDrawing);
