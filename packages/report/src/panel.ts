import type { Photograph } from '@toco/datasets';
import type { Planes } from '@toco/segmenter';

/** One image with everything that was predicted for it, for a report. */
export interface Panel {
  readonly photograph: Photograph;
  /** Classes of the CAM's planes. */
  readonly classes: readonly number[];
  readonly cam: Planes;
  readonly camAux: Planes;
  /** Class of every pixel at the photograph's own size. */
  readonly seg: Uint8Array;
  /** IoU of the segmentation on this image alone, mean over its classes; NaN without a mask. */
  readonly iou: number;
}
