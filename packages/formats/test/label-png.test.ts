import { readdirSync, readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { sharedPath } from './shared-path.js';
import fc from 'fast-check';
import { decode, encode } from 'fast-png';
import { crc32 } from 'node:zlib';
import { decodeLabelPng, encodeLabelPng, type LabelMap } from '../src/png/label-png.js';
import { vocPalette } from '../src/png/voc-palette.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';
import { testWhere } from './support/test-where.js';

const written = golden('pillow') as Record<
  string,
  { file: string; width: number; height: number; indices: string }
>;

const anyMap: fc.Arbitrary<LabelMap> = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height })
      .map((data) => ({ width, height, data })),
  );

/** A PNG whose scanlines are given packed: depth, color type and interlacing as wished. */
function png(width: number, height: number, settings: number[], packed: Uint8Array): Uint8Array {
  const chunk = (type: string, body: Uint8Array): Uint8Array => {
    const out = new Uint8Array(12 + body.length);
    const view = new DataView(out.buffer);
    view.setUint32(0, body.length);
    out.set(new TextEncoder().encode(type), 4);
    out.set(body, 8);
    view.setUint32(8 + body.length, crc32(out.subarray(4, 8 + body.length)));
    return out;
  };
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set(settings, 8);
  return Uint8Array.from(
    Buffer.concat([
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      chunk('IHDR', header),
      chunk('PLTE', new Uint8Array(768)),
      chunk('IDAT', packed),
      chunk('IEND', new Uint8Array()),
    ]),
  );
}

/** Makes the checksums right again, so that damage reaches what lies behind them. */
function repairChecksums(input: Uint8Array): Uint8Array {
  const out = Uint8Array.from(input);
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > out.length) break;
    view.setUint32(end, crc32(out.subarray(at + 4, end)));
    at = end + 4;
  }
  return out;
}

describe('what Pillow wrote', () => {
  test.each(Object.entries(written))('%s', (_, { file, width, height, indices }) => {
    expect(decodeLabelPng(fromBase64(file))).toEqual({ width, height, data: fromBase64(indices) });
  });
});

describe('writing', () => {
  test('indices survive, also for another decoder', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const written = encodeLabelPng(map);
        expect(decodeLabelPng(written)).toEqual(map);
        const other = decode(written, { checkCrc: true });
        expect({ ...map, channels: 1, depth: 8 }).toEqual({
          width: other.width,
          height: other.height,
          channels: other.channels,
          depth: other.depth,
          data: other.data,
        });
        expect(Uint8Array.from(other.palette!.flat())).toEqual(vocPalette());
      }),
      { numRuns: 200 },
    );
  });

  test("the palette is VOC's", () => {
    const color = (index: number): number[] => [...vocPalette().subarray(index * 3, index * 3 + 3)];
    expect(color(0)).toEqual([0, 0, 0]);
    expect(color(1)).toEqual([128, 0, 0]);
    expect(color(15)).toEqual([192, 128, 128]);
    expect(color(20)).toEqual([0, 64, 128]);
    expect(color(255)).toEqual([224, 224, 192]);
  });

  test('refuses a map of another size', () => {
    expect(() => encodeLabelPng({ width: 2, height: 2, data: new Uint8Array(3) })).toThrow(
      "a label map of 2 × 2 can't have 3 indices",
    );
    expect(() => encodeLabelPng({ width: 1, height: 1, data: new Uint8Array(1) }, new Uint8Array(2))).toThrow(
      'a palette has 1 to 256 colors',
    );
  });
});

describe('reading', () => {
  const image = { width: 2, height: 2, data: new Uint8Array([0, 1, 15, 255]) };

  test.each([
    [new Uint8Array(20), 'is no PNG file'],
    [encodeLabelPng(image).subarray(0, 40), 'cut short'],
    [encodeLabelPng(image).subarray(0, -12), 'cut short: a chunk begins at byte'],
    [encode({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }), 'color image, not a label map'],
    [encode({ width: 1, height: 1, channels: 1, depth: 16, data: new Uint16Array(1) }), '16 bits per pixel'],
    [png(4, 1, [4, 0, 0, 0, 0], deflateSync(new Uint8Array(3))), '4 bits per gray pixel'],
    [png(0, 1, [8, 3, 0, 0, 0], deflateSync(new Uint8Array(3))), 'unusable size of 0 × 1'],
    [png(2 ** 31, 2 ** 31, [8, 3, 0, 0, 0], deflateSync(new Uint8Array(3))), 'unusable size'],
    [png(16384, 16384, [8, 3, 0, 0, 0], deflateSync(new Uint8Array(3))), 'more than can be packed into'],
    [png(20, 20, [8, 3, 0, 0, 0], deflateSync(new Uint8Array(1e6))), 'unpacks to more than 420 bytes'],
    [png(20, 20, [8, 3, 0, 0, 0], deflateSync(new Uint8Array(400))), 'unpacks to 400 bytes instead of 420'],
    [png(20, 20, [8, 3, 0, 0, 0], deflateSync(new Uint8Array(420)).subarray(0, -6)), 'damaged or cut'],
    [png(1, 1, [8, 3, 0, 0, 0], deflateSync(new Uint8Array([5, 0]))), 'unknown filter 5'],
  ])('refuses what is no label map (%#)', (input, message) => {
    expect(() => decodeLabelPng(input)).toThrow(message);
  });

  test('a wrong checksum is noticed', () => {
    const written = encodeLabelPng(image);
    written[60]! ^= 1;
    expect(() => decodeLabelPng(written)).toThrow('wrong checksum of chunk "PLTE" at byte 33');
  });

  test('interlaced images', () => {
    fc.assert(
      fc.property(anyMap, ({ width, height, data }) => {
        const written = encode({ width, height, channels: 1, data }, { interlace: 'Adam7' });
        expect(decodeLabelPng(written)).toEqual({ width, height, data });
      }),
      { numRuns: 200 },
    );
  });

  const folder = sharedPath('data/voc-mini/VOCdevkit/VOC2012/SegmentationClassAug');
  testWhere(folder, 'the photographs are missing')('label maps of the field', () => {
    for (const name of readdirSync(folder!).slice(0, 20)) {
      const file = readFileSync(`${folder}/${name}`);
      const map = decodeLabelPng(file);
      expect(Buffer.compare(map.data, decode(file).data as Uint8Array)).toBe(0);
      expect(map.data.every((index) => index <= 20 || index === 255)).toBe(true);
      expect(Buffer.compare(decodeLabelPng(encodeLabelPng(map)).data, map.data)).toBe(0);
    }
  });
});

test('damaged files are read or refused', () => {
  const samples = Object.values(written).map(({ file }) => fromBase64(file));
  const raw = mutate(samples, decodeLabelPng);
  const repaired = mutate(samples, decodeLabelPng, { repair: repairChecksums });
  expect(raw.refused).toBeGreaterThan(raw.inputs * 0.67);
  expect(repaired.refused + repaired.read).toBe(repaired.inputs);
  expect(repaired.read).toBeGreaterThan(repaired.inputs * 0.05);
  expect(repaired.slowest).toBeLessThan(500);
  expect(repaired.largest).toBeLessThan(2 ** 24);
});
