import type { LabelMap } from '@toco/formats';
import { ignoredLabel } from '../image/decode-mask.js';
import { realPixels } from '../transforms/crop.js';
import type { ViewPlan } from './view-plan.js';

/**
 * The mask of the main view: rescaled, mirrored, padded and cut as its pixels are, by the nearest pixel (half-pixel centers);
 * padding is 255. Where `reference` mirrors the main view after the crop, its mask follows.
 */
export function mainViewMask(mask: LabelMap, { crop, main }: ViewPlan): LabelMap {
  const { width, height, flip, placement } = crop;
  const [y0, y1, x0, x1] = realPixels({ width, height }, placement);
  const columns = Int32Array.from({ length: x1 - x0 }, (_, i) => {
    const x = x0 + i - placement.left;
    return nearest(flip ? width - 1 - x : x, width, mask.width);
  });
  const data = new Uint8Array(placement.height * placement.width).fill(ignoredLabel);
  for (let y = y0; y < y1; y++) {
    const from = nearest(y - placement.top, height, mask.height) * mask.width;
    for (let x = x0; x < x1; x++) {
      const column = main.lateFlip ? placement.width - 1 - x : x;
      data[y * placement.width + column] = mask.data[from + columns[x - x0]!]!;
    }
  }
  return { width: placement.width, height: placement.height, data };
}

/** The input position whose pixel holds the center of an output position. */
function nearest(position: number, output: number, input: number): number {
  return Math.min(input - 1, Math.floor(((position + 0.5) * input) / output));
}
