import type { LabelMap } from '../png/label-png.js';
import type { Rle } from './rle.js';

/** Pixels of one label that touch, corners included. */
export interface ConnectedPart {
  readonly label: number;
  /** Number of its pixels. */
  readonly area: number;
  /** The smallest box around it, in pixels of the image. */
  readonly box: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  /** Within the box, row by row: 1 where the part is. */
  readonly mask: Uint8Array;
}

/**
 * The connected parts of a label map, in the order in which their first pixels come row by row. Pixels that touch at a corner
 * belong together (8 neighbors).
 *
 * @param skipped labels that make no parts: background, ignored pixels
 * @example
 * connectedParts({ width: 3, height: 1, data: Uint8Array.of(1, 0, 1) }, { skipped: [0, 255] }).length; // 2
 */
export function connectedParts(
  { width, height, data }: LabelMap,
  { skipped }: { readonly skipped: readonly number[] },
): ConnectedPart[] {
  const seen = new Uint8Array(data.length);
  const isSkipped = new Uint8Array(256);
  for (const label of skipped) isSkipped[label] = 1;
  const parts: ConnectedPart[] = [];
  // Pixels of one part, found while they are gone through. No recursion: a part may be the whole image.
  const pixels: number[] = [];
  for (let first = 0; first < data.length; first++) {
    const label = data[first]!;
    if (seen[first] === 1 || isSkipped[label] === 1) continue;
    pixels.length = 0;
    pixels.push(first);
    seen[first] = 1;
    let [left, right, bottom] = [first % width, first % width, 0];
    for (const at of pixels) {
      const [x, y] = [at % width, Math.floor(at / width)];
      left = Math.min(left, x);
      right = Math.max(right, x);
      bottom = Math.max(bottom, y);
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const neighbor = row * width + column;
          if (seen[neighbor] === 1 || data[neighbor] !== label) continue;
          seen[neighbor] = 1;
          pixels.push(neighbor);
        }
      }
    }
    const top = Math.floor(first / width);
    const box = { left, top, width: right - left + 1, height: bottom - top + 1 };
    const mask = new Uint8Array(box.width * box.height);
    for (const at of pixels) mask[(Math.floor(at / width) - top) * box.width + (at % width) - left] = 1;
    parts.push({ label, area: pixels.length, box, mask });
  }
  return parts;
}

/** The run lengths of a part within its image. */
export function rleOfPart(
  { box, mask }: Pick<ConnectedPart, 'box' | 'mask'>,
  { width, height }: { readonly width: number; readonly height: number },
): Rle {
  const counts: number[] = [];
  let begin = 0; // of the run that goes on, in pixels column by column
  let inside = false;
  const change = (at: number): void => {
    counts.push(at - begin);
    begin = at;
    inside = !inside;
  };
  for (let x = 0; x < box.width; x++) {
    const column = (box.left + x) * height + box.top;
    for (let y = 0; y < box.height; y++) {
      if ((mask[y * box.width + x] === 1) !== inside) change(column + y);
    }
    // Below the box it ends; where the part goes on at the top of the next column without a gap, the run goes on too.
    const next = x + 1 < box.width && box.height === height && mask[x + 1] === 1;
    if (inside && !next) change(column + box.height);
  }
  if (begin < width * height) counts.push(width * height - begin);
  return { height, width, counts: Uint32Array.from(counts) };
}
