import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectedParts, rleOfPart } from '../src/rle/connected-parts.js';
import { contourOfPart } from '../src/rle/contours.js';
import { outlinesOfPart, polygonOfPart } from '../src/rle/outlines.js';
import { encodeRleCounts } from '../src/rle/counts-text.js';
import { rleFromPolygon } from '../src/rle/polygon.js';
import { maskFromRle, rleFromMask } from '../src/rle/rle.js';
import { askPython, findPython } from './support/python.js';
import { testWhere } from './support/test-where.js';

const seed = Number(process.env['TOCO_SEED']);
const skipped = [0, 255];

/** Label maps up to 14 × 14, from sparse to full, so that parts have holes, touch at corners and at the borders. */
const anyMap = fc
  .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height, most]) =>
    fc.array(fc.nat({ max: 9 }), { minLength: width * height, maxLength: width * height }).map((values) => ({
      width,
      height,
      data: Uint8Array.from(values, (value) => (value >= most ? 0 : value === 8 ? 255 : (value % 2) + 1)),
    })),
  );

/** Distance of a point to the nearest edge of a closed polygon. */
function distanceTo(polygon: readonly number[], [x, y]: readonly [number, number]): number {
  let nearest = Infinity;
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    const [ax, ay] = [polygon[i]!, polygon[i + 1]!];
    const [dx, dy] = [polygon[next]! - ax, polygon[next + 1]! - ay];
    const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    nearest = Math.min(nearest, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return nearest;
}

describe('connected parts', () => {
  test('touch at corners, in the order of their first pixels', () => {
    const data = Uint8Array.from('0100100000220255'.split('').map(Number)).map((v) => (v === 5 ? 255 : v));
    const parts = connectedParts({ width: 4, height: 4, data }, { skipped });
    expect(parts).toEqual([
      { label: 1, area: 2, box: { left: 0, top: 0, width: 2, height: 2 }, mask: Uint8Array.of(0, 1, 1, 0) },
      {
        label: 2,
        area: 3,
        box: { left: 1, top: 2, width: 3, height: 2 },
        mask: Uint8Array.of(0, 1, 1, 1, 0, 0),
      },
    ]);
  });

  test('together they are the map, and none of them can be joined to another', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const again = new Uint8Array(map.data.length);
        const owner = new Int32Array(map.data.length).fill(-1);
        connectedParts(map, { skipped }).forEach(({ label, area, box, mask }, part) => {
          expect(mask.reduce((sum, value) => sum + value, 0)).toBe(area);
          mask.forEach((value, i) => {
            if (value === 0) return;
            const at = (box.top + Math.floor(i / box.width)) * map.width + box.left + (i % box.width);
            expect(owner[at]).toBe(-1);
            owner[at] = part;
            again[at] = label;
          });
        });
        expect(again).toEqual(map.data.map((value) => (value === 255 ? 0 : value)));
        again.forEach((label, at) => {
          const [x, y] = [at % map.width, Math.floor(at / map.width)];
          for (const [dx, dy] of [
            [1, 0],
            [0, 1],
            [1, 1],
            [-1, 1],
          ] as const) {
            if (x + dx < 0 || x + dx >= map.width || y + dy >= map.height) continue;
            const other = (y + dy) * map.width + x + dx;
            if (label > 0 && again[other] === label) expect(owner[other]).toBe(owner[at]);
          }
        });
      }),
      { seed },
    );
  });

  test('their run lengths and polygons, holes included, are their pixels', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        for (const part of connectedParts(map, { skipped })) {
          const whole = new Uint8Array(map.data.length);
          part.mask.forEach((value, i) => {
            const y = part.box.top + Math.floor(i / part.box.width);
            whole[y * map.width + part.box.left + (i % part.box.width)] = value;
          });
          const rle = rleOfPart(part, map);
          expect(rle).toEqual(rleFromMask(whole, map.height, map.width));
          const drawn = rleFromPolygon(polygonOfPart(part), map.height, map.width);
          expect(maskFromRle(drawn)).toEqual(whole);
          const contour = rleFromPolygon(contourOfPart(part, { tolerance: 0 }), map.height, map.width);
          expect(maskFromRle(contour)).toEqual(whole);
        }
      }),
      { seed, numRuns: 400 },
    );
  });

  test('contours: slopes are lines, and no point that is left out lies farther away than the tolerance', () => {
    // A triangle of 40 pixels: 80 corners of stairs, a handful of points.
    const [width, height] = [40, 40];
    const data = Uint8Array.from({ length: width * height }, (_, i) =>
      Number(i % width <= Math.floor(i / width)),
    );
    const [part] = connectedParts({ width, height, data }, { skipped });
    expect(outlinesOfPart(part!)[0]!.length / 2).toBe(82);
    expect(contourOfPart(part!, { tolerance: 0.5 }).length / 2).toBeLessThan(8);
    fc.assert(
      fc.property(anyMap, fc.constantFrom(0.25, 0.5, 1), (map, tolerance) => {
        for (const one of connectedParts(map, { skipped })) {
          const [simple, whole] = [contourOfPart(one, { tolerance }), contourOfPart(one, { tolerance: 0 })];
          expect(simple.length).toBeLessThanOrEqual(whole.length);
          expect(simple.length).toBeGreaterThanOrEqual(6);
          for (let i = 0; i < whole.length; i += 2)
            expect(distanceTo(simple, [whole[i]!, whole[i + 1]!])).toBeLessThanOrEqual(tolerance + 1e-9);
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  test('contours of few points: no part is lost, however thin', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        for (const part of connectedParts(map, { skipped })) {
          const drawn = maskFromRle(rleFromPolygon(contourOfPart(part), map.height, map.width));
          const hits = part.mask.filter((value, i) => {
            const y = part.box.top + Math.floor(i / part.box.width);
            return value === 1 && drawn[y * map.width + part.box.left + (i % part.box.width)] === 1;
          }).length;
          expect(hits).toBeGreaterThanOrEqual(0.9 * part.area);
        }
      }),
      { seed, numRuns: 400 },
    );
    for (const [width, height] of [
      [1, 1],
      [9, 1],
      [1, 9],
    ] as const) {
      const data = new Uint8Array(width * height).fill(1);
      const [line] = connectedParts({ width, height, data }, { skipped });
      expect(maskFromRle(rleFromPolygon(contourOfPart(line!), height, width))).toEqual(data);
    }
  });

  test('outlines: clockwise around the part, counterclockwise around its holes, corners only', () => {
    const data = Uint8Array.from('1111101111111111'.split('').map(Number));
    const [part] = connectedParts({ width: 4, height: 4, data }, { skipped });
    expect(outlinesOfPart(part!)).toEqual([
      [0, 0, 4, 0, 4, 4, 0, 4],
      [1, 1, 1, 2, 2, 2, 2, 1],
    ]);
  });

  test('a comb that fills its image', () => {
    const [width, height] = [400, 400];
    const data = Uint8Array.from({ length: width * height }, (_, i) => (i < width || i % 2 === 0 ? 1 : 0));
    const [part, ...others] = connectedParts({ width, height, data }, { skipped });
    expect(others).toEqual([]);
    expect(part!.area).toBe(80_200);
    const drawn = maskFromRle(rleFromPolygon(polygonOfPart(part!), height, width));
    expect(Buffer.compare(drawn, data)).toBe(0);
  });
});

testWhere(findPython('pycocotools'), 'no Python with pycocotools, see TOCO_TEST_PYTHON')(
  'pycocotools draws them the same',
  () => {
    const python = findPython('pycocotools')!;
    const maps = fc.sample(anyMap, { seed, numRuns: 60 });
    const asked = maps.flatMap((map) =>
      connectedParts(map, { skipped }).map((part) => ({
        polygon: polygonOfPart(part),
        height: map.height,
        width: map.width,
        area: part.area,
        box: [part.box.left, part.box.top, part.box.width, part.box.height],
        counts: encodeRleCounts(rleOfPart(part, map).counts),
      })),
    );
    const script = [
      'import json, sys',
      'from pycocotools import mask',
      'with open(sys.argv[1]) as file: rows = json.load(file)',
      'drawn = [mask.merge(mask.frPyObjects([r["polygon"]], r["height"], r["width"])) for r in rows]',
      'given = [{"size": [r["height"], r["width"]], "counts": r["counts"]} for r in rows]',
      'print(json.dumps([[d["counts"].decode(), int(mask.area(g)), [int(v) for v in mask.toBbox(g)]] for d, g in zip(drawn, given)]))',
    ].join('\n');
    const answers = askPython(python, script, new TextEncoder().encode(JSON.stringify(asked)));
    expect(answers).toEqual(asked.map(({ counts, area, box }) => [counts, area, box]));
  },
);
