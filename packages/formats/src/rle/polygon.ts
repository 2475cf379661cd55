import { refuse } from '../format-error.js';
import { assertImageSize, type Rle } from './rle.js';

/** The outline is drawn on a grid this much finer than the pixels. */
const fineness = 5;

/** Points this many image sizes away are a mistake, and drawing lines to them takes long. */
const farthest = 4;

/** A point of the fine grid. */
interface GridPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * The mask of a polygon, pixel for pixel as pycocotools draws it: the outline is rounded to a grid five times as fine and walked
 * point by point; where it crosses the middle of a pixel column, the column changes from outside to inside or back below that
 * height.
 *
 * @param points `[x0, y0, x1, y1, …]` in pixels, closed by itself; the first pixel reaches from 0 to 1
 * @throws FormatError for an odd number of coordinates, values that are not finite numbers, or far outside of the image
 * @example
 * rleFromPolygon([1, 1, 1, 3, 3, 3, 3, 1], 4, 4); // the square of 2 × 2 pixels in the middle
 */
export function rleFromPolygon(points: readonly number[], height: number, width: number): Rle {
  assertImageSize(height, width);
  const outline = gridPoints(points, height, width);
  const crossings: number[] = [];
  outline.forEach((point, i) => {
    walkEdge(point, outline[(i + 1) % outline.length]!, (x, y) => {
      const crossing = columnCrossing(x, y, height, width);
      if (crossing !== undefined) crossings.push(crossing);
    });
  });
  const sorted = Float64Array.from([...crossings, height * width]).sort();
  return { height, width, counts: runsBetween(sorted) };
}

function gridPoints(points: readonly number[], height: number, width: number): GridPoint[] {
  if (points.length === 0 || points.length % 2 !== 0) refuse(`polygon has ${points.length} coordinates`);
  const bound = farthest * (Math.max(height, width) + 100);
  const outline: GridPoint[] = [];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    if (!(Math.abs(x) <= bound && Math.abs(y) <= bound)) {
      refuse(
        `polygon has a point (${String(x)}, ${String(y)}) far outside of its image of ${width} × ${height}`,
      );
    }
    // Rounded as C does it, which goes up for negative halves.
    outline.push({ x: Math.trunc(fineness * x + 0.5), y: Math.trunc(fineness * y + 0.5) });
  }
  return outline;
}

/**
 * Visits each step from one column of the grid to the next on the way from `a` to `b`: `x` is the left one of the two columns,
 * `y` the smaller height of the two points. Heights in between are rounded from the end with the smaller coordinate, so that an
 * edge is the same in both directions.
 */
function walkEdge(a: GridPoint, b: GridPoint, visit: (x: number, y: number) => void): void {
  const dx = Math.abs(b.x - a.x);
  const dy = Math.abs(b.y - a.y);
  const flat = dx >= dy;
  const steps = flat ? dx : dy;
  const reversed = flat ? a.x > b.x : a.y > b.y;
  const [from, to] = reversed ? [b, a] : [a, b];
  const slope = steps === 0 ? 0 : flat ? (to.y - from.y) / dx : (to.x - from.x) / dy;
  let last: GridPoint | undefined;
  for (let step = 0; step <= steps; step++) {
    const t = reversed ? steps - step : step;
    const x = flat ? from.x + t : Math.trunc(from.x + slope * t + 0.5);
    const y = flat ? Math.trunc(from.y + slope * t + 0.5) : from.y + t;
    if (last !== undefined && x !== last.x) visit(Math.min(x, last.x), Math.min(y, last.y));
    last = { x, y };
  }
}

/** The first pixel (column by column) below a step of the outline, where the step crosses the middle of a pixel column. */
function columnCrossing(x: number, y: number, height: number, width: number): number | undefined {
  const column = (x + 0.5) / fineness - 0.5;
  if (!Number.isInteger(column) || column < 0 || column > width - 1) return undefined;
  const row = Math.ceil(Math.min(Math.max((y + 0.5) / fineness - 0.5, 0), height));
  return column * height + row;
}

/** Lengths between sorted crossings; two crossings at one place cancel. */
function runsBetween(sorted: Float64Array): Uint32Array {
  const counts: number[] = [];
  let begin = 0;
  let joins = false;
  sorted.forEach((end, i) => {
    const length = end - begin;
    begin = end;
    if (joins) {
      counts[counts.length - 1]! += length;
      joins = false;
    } else if (length > 0 || i === 0) counts.push(length);
    else joins = true;
  });
  return Uint32Array.from(counts);
}
