import type { ConnectedPart } from './connected-parts.js';
import { joinedOutlines, outlinesOfPart } from './outlines.js';
import { rleFromPolygon } from './polygon.js';
import { maskFromRle } from './rle.js';

/**
 * A part as one polygon of few points, to be edited by hand: through the middles of the pixels' edges instead of around their
 * corners, so that slopes are slopes and not stairs, and without the points that lie within `tolerance` pixels of the line between
 * others (Douglas and Peucker). Holes are joined as {@link polygonOfPart} joins them.
 *
 * Without tolerance, whoever draws the polygon by the middles of pixels gets the part back exactly. A tolerance of half a pixel takes
 * half of the points, and everything of a line that is a pixel wide: where more than a tenth of a part's pixels would change, all stay.
 *
 * @example
 * const polygons = connectedParts(map, { skipped: [0, 255] }).map((part) => contourOfPart(part));
 */
export function contourOfPart(
  part: Pick<ConnectedPart, 'area' | 'box' | 'mask'>,
  {
    tolerance = 0.5,
  }: {
    /** How far a point that is left out may lie from the line, in pixels. */
    readonly tolerance?: number;
  } = {},
): number[] {
  const rings = outlinesOfPart(part).map(edgeMiddles);
  const simpler = (most: number): number[] =>
    joinedOutlines(rings.map((ring) => simplified(ring, most).flat()));
  const few = simpler(tolerance);
  return wrongPixels(few, part) <= part.area / 10 ? few : simpler(0);
}

/** How many pixels a polygon has more or less than the part that it is of. */
function wrongPixels(polygon: readonly number[], { box, mask }: Pick<ConnectedPart, 'box' | 'mask'>): number {
  const within = polygon.map((value, i) => value - (i % 2 === 0 ? box.left : box.top));
  const drawn = maskFromRle(rleFromPolygon(within, box.height, box.width));
  return mask.reduce((count, value, i) => count + Number(value !== drawn[i]), 0);
}

type Point = readonly [x: number, y: number];

/** The middles of the edges of length 1 that an outline consists of. */
function edgeMiddles(outline: readonly number[]): Point[] {
  const middles: Point[] = [];
  for (let i = 0; i < outline.length; i += 2) {
    const [x, y] = [outline[i]!, outline[i + 1]!];
    const next = (i + 2) % outline.length;
    const [dx, dy] = [outline[next]! - x, outline[next + 1]! - y];
    const length = Math.abs(dx) + Math.abs(dy);
    for (let step = 0.5; step < length; step++)
      middles.push([x + (dx / length) * step, y + (dy / length) * step]);
  }
  return middles;
}

/** A closed line without the points that lie so near to the line between their neighbors; three are left at least. */
function simplified(ring: readonly Point[], tolerance: number): Point[] {
  const far = farthest(ring, [1, ring.length], (point) =>
    Math.hypot(point[0] - ring[0]![0], point[1] - ring[0]![1]),
  );
  const kept = new Set([0, far.at]);
  const open: [number, number][] = [
    [0, far.at],
    [far.at, ring.length],
  ];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const [from, to] = span;
    const [a, b] = [ring[from]!, ring[to % ring.length]!];
    const { at, distance } = farthest(ring, [from + 1, to], (point) => distanceToLine(point, a, b));
    if (at < 0 || (distance <= tolerance && (kept.size > 2 || open.length > 0))) continue;
    kept.add(at);
    open.push([from, at], [at, to]);
  }
  return [...kept].sort((a, b) => a - b).map((i) => ring[i]!);
}

function farthest(
  points: readonly Point[],
  [from, to]: readonly [number, number],
  measure: (point: Point) => number,
): { at: number; distance: number } {
  let found = { at: -1, distance: -1 };
  for (let at = from; at < to; at++) {
    const distance = measure(points[at]!);
    if (distance > found.distance) found = { at, distance };
  }
  return found;
}

/** Distance of a point to the line through two others, or to them where they are one. */
function distanceToLine([x, y]: Point, a: Point, b: Point): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy);
  if (length === 0) return Math.hypot(x - a[0], y - a[1]);
  return Math.abs(dy * (x - a[0]) - dx * (y - a[1])) / length;
}
