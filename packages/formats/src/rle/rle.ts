import { refuse } from '../format-error.js';

/**
 * A binary mask as lengths of runs, column by column from the top left: background first (its run may be 0), then foreground, in
 * turns. This is COCO's form of masks.
 */
export interface Rle {
  readonly height: number;
  readonly width: number;
  /** Lengths in pixels; their sum is `height · width`. */
  readonly counts: Uint32Array;
}

/** 16384 × 16384: beyond any photograph, within what memory holds. */
const mostPixels = 2 ** 28;

/** Refuses sizes that are none, or too large to be an image's. */
export function assertImageSize(height: number, width: number): void {
  const isSize = Number.isSafeInteger(height) && Number.isSafeInteger(width) && height >= 0 && width >= 0;
  if (!isSize || height * width > mostPixels) refuse(`an image can't have ${height} × ${width} pixels`);
}

/** Run lengths that have been checked: whole, not negative, and together as many as the image has pixels. */
export function checkedRle(height: number, width: number, counts: ArrayLike<number>): Rle {
  assertImageSize(height, width);
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (!Number.isInteger(count) || count < 0) refuse(`run ${i} of a mask has no length: ${String(count)}`);
    sum += count;
  }
  if (sum !== height * width) {
    refuse(`runs of a mask cover ${sum} pixels, its image has ${height} × ${width} = ${height * width}`);
  }
  return { height, width, counts: Uint32Array.from(counts) };
}

/** Number of foreground pixels. */
export function rleArea({ counts }: Rle): number {
  let area = 0;
  for (let i = 1; i < counts.length; i += 2) area += counts[i]!;
  return area;
}

/**
 * The mask of an RLE: `height · width` bytes row by row, 1 in the foreground.
 *
 * @example
 * maskFromRle({ height: 2, width: 2, counts: new Uint32Array([1, 2, 1]) }); // [0, 1, 1, 0]
 */
export function maskFromRle({ height, width, counts }: Rle): Uint8Array {
  assertImageSize(height, width);
  const mask = new Uint8Array(height * width);
  let at = 0;
  counts.forEach((count, run) => {
    const end = Math.min(at + count, mask.length);
    if (run % 2 === 0) at = end;
    for (; at < end; at++) mask[(at % height) * width + Math.floor(at / height)] = 1;
  });
  return mask;
}

/** The RLE of a mask (row by row); every value but 0 is foreground. */
export function rleFromMask(mask: Uint8Array, height: number, width: number): Rle {
  assertImageSize(height, width);
  if (mask.length !== height * width)
    refuse(`a mask of ${height} × ${width} can't have ${mask.length} pixels`);
  const counts: number[] = [];
  let foreground = false;
  let count = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((mask[y * width + x] !== 0) !== foreground) {
        counts.push(count);
        count = 0;
        foreground = !foreground;
      }
      count++;
    }
  }
  counts.push(count);
  return { height, width, counts: Uint32Array.from(counts) };
}
