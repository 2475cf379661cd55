import type { ConnectedPart } from './connected-parts.js';

/** Steps to the right, down, left, up, and the bit of each in a corner's set of edges. */
const steps = [
  { x: 1, y: 0, bit: 1 },
  { x: 0, y: 1, bit: 2 },
  { x: -1, y: 0, bit: 4 },
  { x: 0, y: -1, bit: 8 },
] as const;

/**
 * The outlines of a part, each `[x0, y0, x1, y1, …]` in pixels of the image, along the borders of its pixels: first the one around
 * it, clockwise, then those of its holes, counterclockwise. A pixel reaches from its coordinate to the next, as COCO counts.
 *
 * @example
 * const [around, ...holes] = outlinesOfPart(part);
 */
export function outlinesOfPart({ box, mask }: Pick<ConnectedPart, 'box' | 'mask'>): number[][] {
  const edges = edgesOf(mask, box);
  const outlines: number[][] = [];
  for (let corner = 0; corner < edges.length; corner++) {
    while (edges[corner] !== 0) {
      outlines.push(
        follow(edges, corner, box.width + 1).map((value, i) => value + (i % 2 === 0 ? box.left : box.top)),
      );
    }
  }
  return outlines;
}

/**
 * A part as one polygon, holes included: the outline goes to each hole, around it, and back the way it came. Drawn by the even-odd
 * rule, as pycocotools and OpenCV do, it is the part pixel by pixel.
 *
 * @example
 * const segmentation = connectedParts(map, { skipped: [0, 255] }).map((part) => [polygonOfPart(part)]);
 */
export function polygonOfPart(part: Pick<ConnectedPart, 'box' | 'mask'>): number[] {
  return joinedOutlines(outlinesOfPart(part));
}

/** Outlines as one: around the first, then to each of the others, around it, and back. */
export function joinedOutlines(outlines: readonly (readonly number[])[]): number[] {
  const [around = [], ...holes] = outlines;
  const start = around.slice(0, 2);
  return [...around, ...holes.flatMap((hole) => [...start, ...hole, ...hole.slice(0, 2)])];
}

/** For each corner of the pixels the edges that leave it: between inside and outside, with the inside on the right. */
function edgesOf(mask: Uint8Array, { width, height }: ConnectedPart['box']): Uint8Array {
  const corners = width + 1;
  const edges = new Uint8Array(corners * (height + 1));
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      const corner = y * corners + x;
      if (!inside(x, y - 1)) edges[corner]! |= steps[0].bit;
      if (!inside(x + 1, y)) edges[corner + 1]! |= steps[1].bit;
      if (!inside(x, y + 1)) edges[corner + corners + 1]! |= steps[2].bit;
      if (!inside(x - 1, y)) edges[corner + corners]! |= steps[3].bit;
    }
  }
  return edges;
}

/**
 * Follows the edges from a corner until they are back there, and removes them; gives the points where they turn. Where two pixels
 * touch at a corner only, it turns left, from one to the other: they are one part.
 */
function follow(edges: Uint8Array, start: number, corners: number): number[] {
  const points: number[] = [];
  const first = steps.findIndex(({ bit }) => (edges[start]! & bit) !== 0);
  let [at, direction, last] = [start, first, -1];
  for (;;) {
    const { x, y, bit } = steps[direction]!;
    edges[at]! &= ~bit;
    if (direction !== last) points.push(at % corners, Math.floor(at / corners));
    last = direction;
    at += x + y * corners;
    if (at === start && (edges[at] === 0 || (direction + 3) % 4 === first)) break;
    direction = [3, 0, 1]
      .map((turn) => (direction + turn) % 4)
      .find((next) => (edges[at]! & steps[next]!.bit) !== 0)!;
  }
  // The outline may begin in the middle of a straight line, which is no corner of it.
  return last === first ? points.slice(2) : points;
}
