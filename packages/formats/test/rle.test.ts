import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { sharedPath } from './shared-path.js';
import fc from 'fast-check';
import { decodeRleCounts, encodeRleCounts } from '../src/rle/counts-text.js';
import { maskFromRle, type Rle, rleArea, rleFromMask } from '../src/rle/rle.js';
import { mergeRles } from '../src/rle/merge.js';
import { rleFromPolygon } from '../src/rle/polygon.js';
import { rleFromSegmentation } from '../src/rle/segmentation.js';
import { golden } from './support/golden.js';
import { mutate } from './support/mutate.js';
import { testWhere } from './support/test-where.js';
import { askPython, findPython } from './support/python.js';

interface Sized {
  height: number;
  width: number;
}
const written = golden('coco') as {
  polygons: (Sized & { points: number[]; counts: string; area: number })[];
  masks: (Sized & { mask: string; counts: string })[];
  merges: (Sized & { parts: string[]; union: string; intersection: string })[];
  large: Sized & { counts: string; length: number; area: number };
};

const rle = ({ height, width }: Sized, counts: string): Rle =>
  rleFromSegmentation({ counts, size: [height, width] }, height, width);

const anyMask = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([height, width]) =>
    fc
      .array(fc.nat({ max: 1 }), { minLength: height * width, maxLength: height * width })
      .map((mask) => ({ height, width, mask: Uint8Array.from(mask) })),
  );

describe("pycocotools' own results", () => {
  test.each(written.polygons)('polygon $points', ({ points, height, width, counts, area }) => {
    const drawn = rleFromPolygon(points, height, width);
    expect(encodeRleCounts(drawn.counts)).toBe(counts);
    expect(rleArea(drawn)).toBe(area);
    expect(rleFromSegmentation([points], height, width)).toEqual(drawn);
  });

  test.each(written.masks)('mask of $height × $width', ({ height, width, mask, counts }) => {
    const pixels = Uint8Array.from(mask, Number);
    expect(encodeRleCounts(rleFromMask(pixels, height, width).counts)).toBe(counts);
    expect(maskFromRle(rle({ height, width }, counts))).toEqual(pixels);
  });

  test.each(written.merges)('merged $parts', ({ parts, union, intersection, ...size }) => {
    const rles = parts.map((text) => rle(size, text));
    expect(encodeRleCounts(mergeRles(rles).counts)).toBe(union);
    expect(encodeRleCounts(mergeRles(rles, { intersect: true }).counts)).toBe(intersection);
  });

  test('a large mask', () => {
    const { height, width, counts, length, area } = written.large;
    const mask = new Uint8Array(height * width);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if ((y >= 1500 && x >= 1000) || (y < 10 && x < 10)) mask[y * width + x] = 1;
      }
    }
    const large = rleFromMask(mask, height, width);
    const text = encodeRleCounts(large.counts);
    expect([text.slice(0, 40), text.length, rleArea(large)]).toEqual([counts, length, area]);
    expect(Buffer.compare(maskFromRle(rle({ height, width }, text)), mask)).toBe(0);
  });
});

describe('properties', () => {
  test('masks survive runs and text', () => {
    fc.assert(
      fc.property(anyMask, ({ height, width, mask }) => {
        const runs = rleFromMask(mask, height, width);
        expect(decodeRleCounts(encodeRleCounts(runs.counts))).toEqual(runs.counts);
        expect(maskFromRle(runs)).toEqual(mask);
        expect(rleArea(runs)).toBe(mask.filter((value) => value === 1).length);
        expect(
          rleFromSegmentation({ counts: [...runs.counts], size: [height, width] }, height, width),
        ).toEqual(runs);
      }),
      { numRuns: 500 },
    );
  });

  test('any run lengths survive the text', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 ** 28 }), { maxLength: 20 }), (counts) => {
        expect([...decodeRleCounts(encodeRleCounts(Uint32Array.from(counts)))]).toEqual(counts);
      }),
      { numRuns: 500 },
    );
  });

  test('union and intersection are those of the pixels, whatever the runs', () => {
    const split = (counts: Uint32Array): Uint32Array =>
      Uint32Array.from(
        [...counts].flatMap((count) => [Math.floor(count / 2), 0, count - Math.floor(count / 2)]),
      );
    fc.assert(
      fc.property(anyMask, fc.infiniteStream(fc.nat({ max: 1 })), ({ height, width, mask }, stream) => {
        const other = Uint8Array.from(mask, () => Number(stream.next().value));
        const [a, b] = [rleFromMask(mask, height, width), rleFromMask(other, height, width)];
        const pieces = { ...a, counts: split(a.counts) };
        expect(maskFromRle(mergeRles([pieces, b]))).toEqual(mask.map((value, i) => value | other[i]!));
        expect(maskFromRle(mergeRles([a, b], { intersect: true }))).toEqual(
          mask.map((value, i) => value & other[i]!),
        );
        expect(mergeRles([pieces, b]).counts).toEqual(mergeRles([b, a]).counts);
      }),
      { numRuns: 300 },
    );
  });
});

test('fewer than three points enclose nothing', () => {
  for (const points of [
    [3, 3],
    [1, 1, 6, 4],
    [-5, 2, 20, 7.5],
  ]) {
    expect(rleArea(rleFromSegmentation([points], 8, 8))).toBe(0);
  }
});

describe('what is refused', () => {
  const square = { size: [2, 2], counts: [1, 3] };
  test.each<[string, unknown]>([
    ['neither a list of polygons nor run lengths', 'text'],
    ["not of its image's size, 2 × 2", { ...square, size: [2, 3] }],
    ['cover 3 pixels, its image has 2 × 2 = 4', { ...square, counts: [1, 2] }],
    ['run 1 of a mask has no length: -3', { ...square, counts: [7, -3] }],
    ['run 0 of a mask has no length: 0.5', { ...square, counts: [0.5, 3.5] }],
    ['no run lengths', { ...square, counts: [null] }],
    ['no polygons of numbers', []],
    ['no polygons of numbers', [['a', 1]]],
    ['polygon has 5 coordinates', [[1, 1, 1, 1, 1]]],
    ['polygon has 0 coordinates', [[]]],
    ['far outside of its image of 2 × 2', [[1e9, 0, 0, 0, 1, 1]]],
    ['far outside', [[NaN, 0, 0, 0, 1, 1]]],
    ['damaged at character 1', { ...square, counts: '1 3' }],
    ['damaged at character 1', { ...square, counts: 'P' }],
    ['too long a number', { ...square, counts: 'ooooooooo1' }],
    ['a run of -', { ...square, counts: '1O' }],
  ])('%s', (message, segmentation) => {
    expect(() => rleFromSegmentation(segmentation, 2, 2)).toThrow(message);
  });

  test('images that are none', () => {
    expect(() => rleFromPolygon([0, 0, 1, 1, 1, 0], 1e9, 1e9)).toThrow(
      "can't have 1000000000 × 1000000000 pixels",
    );
    expect(() => rleFromMask(new Uint8Array(3), 2, 2)).toThrow("can't have 3 pixels");
    expect(() => mergeRles([])).toThrow('no masks');
    const a = rleFromMask(new Uint8Array(4), 2, 2);
    const b = rleFromMask(new Uint8Array(4), 1, 4);
    expect(() => mergeRles([a, b])).toThrow("masks of 2 × 2 and 1 × 4 can't be merged");
  });
});

const folder = sharedPath('data/coco-mini/annotations');
const python = folder === undefined ? undefined : findPython('pycocotools');
const isMissing = 'the annotations or a Python with pycocotools are missing, see TOCO_TEST_PYTHON';
testWhere(python, isMissing)("every annotation of COCO's photographs as pycocotools draws it", () => {
  for (const split of ['train2014', 'val2014']) {
    const file = readFileSync(`${folder}/instances_${split}.json`);
    const script = `
import json, sys
from pycocotools import mask
with open(sys.argv[1]) as file: data = json.load(file)
sizes = {image['id']: (image['height'], image['width']) for image in data['images']}
out = []
for annotation in data['annotations']:
    shape, size = annotation['segmentation'], sizes[annotation['image_id']]
    if isinstance(shape, list): shape = mask.merge(mask.frPyObjects(shape, *size))
    elif isinstance(shape['counts'], list): shape = mask.frPyObjects(shape, *size)
    counts = shape['counts']
    out.append(counts if isinstance(counts, str) else counts.decode())
print(json.dumps(out))`;
    const { images, annotations } = JSON.parse(file.toString()) as {
      images: (Sized & { id: number })[];
      annotations: { image_id: number; segmentation: unknown }[];
    };
    const sizes = new Map(images.map((image) => [image.id, image]));
    const ours = annotations.map(({ image_id, segmentation }) => {
      const { height, width } = sizes.get(image_id)!;
      return encodeRleCounts(rleFromSegmentation(segmentation, height, width).counts);
    });
    expect(ours.length).toBeGreaterThan(50);
    expect(ours).toEqual(askPython(python!, script, file));
  }
});

test('damaged annotations are read or refused', () => {
  const samples = [
    ...written.polygons
      .slice(0, 20)
      .map(({ points, height, width }) => ({ segmentation: [points], height, width })),
    ...written.masks.slice(0, 10).map(({ counts, height, width }) => ({
      segmentation: { counts, size: [height, width] },
      height,
      width,
    })),
    ...written.masks.slice(10).map(({ counts, height, width }) => ({
      segmentation: { counts: [...decodeRleCounts(counts)], size: [height, width] },
      height,
      width,
    })),
  ].map((sample) => new TextEncoder().encode(JSON.stringify(sample)));
  const read = (bytes: Uint8Array): unknown => {
    let parsed: { segmentation: unknown; height: number; width: number };
    try {
      parsed = JSON.parse(new TextDecoder().decode(bytes)) as typeof parsed;
    } catch {
      return 'no JSON';
    }
    const { segmentation, height, width } = parsed;
    // Masks of forged sizes may be large, their run lengths are not.
    const runs = rleFromSegmentation(segmentation, height, width);
    return height * width < 1e6 ? maskFromRle(runs) : runs;
  };
  const report = mutate(samples, read, { times: 3 });
  expect(report.refused + report.read).toBe(report.inputs);
  expect(report.refused).toBeGreaterThan(report.inputs * 0.1);
  expect(report.slowest).toBeLessThan(500);
  expect(report.largest).toBeLessThan(2 ** 22);

  const texts = written.masks.map(({ counts }) => new TextEncoder().encode(counts));
  const direct = mutate(texts, (bytes) => decodeRleCounts(Buffer.from(bytes).toString('latin1')));
  expect(direct.refused).toBeGreaterThan(direct.inputs * 0.1);
  expect(direct.read).toBeGreaterThan(direct.inputs * 0.1);
});
