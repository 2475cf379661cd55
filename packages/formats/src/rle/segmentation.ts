import { refuse } from '../format-error.js';
import { decodeRleCounts } from './counts-text.js';
import { mergeRles } from './merge.js';
import { rleFromPolygon } from './polygon.js';
import { checkedRle, type Rle } from './rle.js';

/**
 * The mask of a COCO annotation's `segmentation`, whichever of its three forms it has: polygons, run lengths as numbers (crowds),
 * or run lengths as text.
 *
 * Polygons of fewer than three points enclose nothing (pycocotools stops at some of them).
 *
 * @param segmentation as parsed from JSON; nothing about it is trusted
 * @throws FormatError in one line
 * @example
 * const mask = maskFromRle(rleFromSegmentation(annotation.segmentation, image.height, image.width));
 */
export function rleFromSegmentation(segmentation: unknown, height: number, width: number): Rle {
  if (Array.isArray(segmentation)) return rleFromPolygons(segmentation, height, width);
  if (typeof segmentation !== 'object' || segmentation === null) {
    refuse('segmentation is neither a list of polygons nor run lengths');
  }
  const { counts, size } = segmentation as { counts?: unknown; size?: unknown };
  if (!Array.isArray(size) || size[0] !== height || size[1] !== width) {
    refuse(`segmentation is not of its image's size, ${height} × ${width}`);
  }
  if (typeof counts === 'string') return checkedRle(height, width, decodeRleCounts(counts));
  if (!isNumbers(counts)) refuse('segmentation has no run lengths');
  return checkedRle(height, width, counts);
}

function rleFromPolygons(polygons: readonly unknown[], height: number, width: number): Rle {
  if (polygons.length === 0 || !polygons.every(isNumbers)) refuse('segmentation has no polygons of numbers');
  return mergeRles(polygons.map((points) => rleFromPolygon(points, height, width)));
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
