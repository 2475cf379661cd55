import { refuse } from '../format-error.js';
import type { Rle } from './rle.js';

/**
 * The union of masks of one size, or with `intersect` what they have in common.
 *
 * @throws FormatError for no masks, or masks of different sizes
 * @example
 * const object = mergeRles(polygons.map((points) => rleFromPolygon(points, height, width)));
 */
export function mergeRles(rles: readonly Rle[], { intersect = false } = {}): Rle {
  const [first, ...rest] = rles;
  if (first === undefined) refuse('there are no masks to merge');
  return rest.reduce((merged, rle) => mergePair(merged, rle, intersect), first);
}

/** The mask that follows the runs of one RLE, pixel by pixel in its order. */
class RunCursor {
  left: number;
  foreground = false;
  #next = 1;
  readonly #counts: Uint32Array;

  constructor(counts: Uint32Array) {
    this.#counts = counts;
    this.left = counts[0] ?? 0;
    this.advance(0);
  }

  /** Goes on by `pixels` ≤ `left`, and to the next run that is not empty. */
  advance(pixels: number): void {
    this.left -= pixels;
    while (this.left === 0 && this.#next < this.#counts.length) {
      this.left = this.#counts[this.#next++]!;
      this.foreground = !this.foreground;
    }
  }
}

function mergePair(a: Rle, b: Rle, intersect: boolean): Rle {
  if (a.height !== b.height || a.width !== b.width) {
    refuse(`masks of ${a.height} × ${a.width} and ${b.height} × ${b.width} can't be merged`);
  }
  const [one, two] = [new RunCursor(a.counts), new RunCursor(b.counts)];
  const counts = [0];
  let foreground = false;
  for (let left = a.height * a.width; left > 0;) {
    const pixels = Math.min(one.left, two.left);
    if (pixels === 0) refuse('masks to be merged do not cover their images');
    const next = intersect ? one.foreground && two.foreground : one.foreground || two.foreground;
    if (next !== foreground) counts.push(0);
    foreground = next;
    counts[counts.length - 1]! += pixels;
    one.advance(pixels);
    two.advance(pixels);
    left -= pixels;
  }
  return { height: a.height, width: a.width, counts: Uint32Array.from(counts) };
}
