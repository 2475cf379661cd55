import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { sharedPath } from './shared-path.js';
import fc from 'fast-check';
import { decodeSafetensors, decodeSafetensorsMetadata } from '../src/safetensors/decode.js';
import { encodeSafetensors } from '../src/safetensors/encode.js';
import { openSafetensors, readSafetensors, writeSafetensors } from '../src/safetensors/file.js';
import type { NDArray } from '../src/nd-array.js';
import { anyArray } from './support/arbitrary.js';
import { mutate } from './support/mutate.js';
import { testWhere } from './support/test-where.js';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const float = (...values: number[]): NDArray => ({
  dtype: 'float32',
  shape: [values.length],
  data: new Float32Array(values),
});

/** A file with that header over `size` bytes of data. */
function file(header: unknown, size: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('reading', () => {
  test('a file of known bytes', () => {
    const bytes = file({ a: entry(0, 8), b: { dtype: 'U8', shape: [], data_offsets: [8, 9] } }, 9);
    bytes.set([0, 0, 128, 63, 0, 0, 0, 192, 7], bytes.length - 9);
    expect(decodeSafetensors(bytes)).toEqual({
      a: float(1, -2),
      b: { dtype: 'uint8', shape: [], data: new Uint8Array([7]) },
    });
  });

  test.each([
    ['F16', 'float16', [0x00, 0x3c, 0x01, 0x80, 0x00, 0xfc], [1, -(2 ** -24), -Infinity]],
    ['BF16', 'bfloat16', [0x80, 0x3f, 0x49, 0xc0, 0x00, 0x00], [1, -3.140625, 0]],
  ])('%s is widened and keeps its name', (dtype, name, raw, values) => {
    const bytes = file({ x: { dtype, shape: [3], data_offsets: [0, 6] } }, 6);
    bytes.set(raw, bytes.length - 6);
    expect(decodeSafetensors(bytes)).toEqual({
      x: { dtype: name, shape: [3], data: new Float32Array(values) },
    });
  });

  test.each([
    [new Uint8Array(3), 'shorter than 8 bytes'],
    [new Uint8Array(8).fill(255), 'header of 18446744073709551615 bytes'],
    [file('{', 0), 'not JSON'],
    [file('[]', 0), 'not a JSON object'],
    [file({ a: 1 }, 0), 'tensor "a" is not described'],
    [file({ a: entry(0, 8) }, 4), 'end at byte 70, but the file has 66'],
    [file({ a: entry(0, 4), b: entry(0, 4) }, 4), 'tensor "b" overlaps'],
    [file({ a: entry(0, 4), b: entry(8, 12) }, 12), 'tensor "b" leaves a gap'],
    [file({ a: entry(0, 4) }, 8), 'the file has'],
    [file({ a: entry(0, 8, [3]) }, 8), 'F32[3] takes 12 bytes, its offsets are 0 to 8'],
    [file({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4), 'too many elements'],
    [file({ a: entry(0, 4, [-1, -1]) }, 4), 'not a size'],
    [file({ a: entry(0, 1, [1], 'F8_E4M3') }, 1), 'not supported: "F8_E4M3"'],
    [file({ a: entry(0, 1, [1], 'constructor') }, 1), 'not supported: "constructor"'],
    [file({ __metadata__: { n: 1 } }, 0), 'metadata "n" is not a text'],
    [file({ 'line\nbreak\u2028': 1 }, 0), 'tensor "line\\nbreak\\u2028" is not'],
  ])('refuses what does not fit together (%#)', (bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  test('a tensor named __proto__ is a tensor', () => {
    const read = decodeSafetensors(file(`{"__proto__":${JSON.stringify(entry(0, 4))}}`, 4));
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
});

describe('writing', () => {
  test('what is written reads back, names and metadata included', () => {
    const name = fc.string({ maxLength: 8 }).filter((text) => text !== '__metadata__');
    const arrays = fc.dictionary(name, anyArray(), { maxKeys: 5, noNullPrototype: true });
    const texts = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true });
    fc.assert(
      fc.property(arrays, texts, (written, metadata) => {
        const bytes = encodeSafetensors(written, metadata);
        expect(decodeSafetensors(bytes)).toEqual(written);
        expect(decodeSafetensorsMetadata(bytes)).toEqual(metadata);
      }),
      { numRuns: 300 },
    );
  });

  test('every tensor is aligned to its element size', () => {
    fc.assert(
      fc.property(fc.array(anyArray(), { maxLength: 6 }), (arrays) => {
        const bytes = encodeSafetensors(Object.fromEntries(arrays.map((array, i) => [`t${i}`, array])));
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
          string,
          { data_offsets: number[]; shape: number[] }
        >;
        expect(length % 8).toBe(0);
        for (const { data_offsets, shape } of Object.values(header)) {
          const count = shape.reduce((product, size) => product * size, 1);
          const size = count === 0 ? 1 : (data_offsets[1]! - data_offsets[0]!) / count;
          expect((8 + length + data_offsets[0]!) % size).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('refuses arrays that contradict themselves', () => {
    const data = new Float32Array(2);
    expect(() => encodeSafetensors({ a: { dtype: 'float32', shape: [3], data } })).toThrow(
      `safetensors tensor "a": an array of shape [3] can't have 2 elements`,
    );
    expect(() => encodeSafetensors({ a: { dtype: 'int32', shape: [2], data } })).toThrow('Int32Array');
  });
});

describe('files', () => {
  test('tensors are read one by one, metadata at once', async () => {
    const path = join(folder, 'model.safetensors');
    await writeSafetensors(path, { a: float(1, 2), b: float(3) }, { step: '7' });
    const opened = openSafetensors(path);
    expect([...opened.entries.keys()].sort()).toEqual(['a', 'b']);
    expect(opened.entries.get('a')).toMatchObject({ dtype: 'float32', shape: [2] });
    expect(opened.metadata.get('step')).toBe('7');
    expect(opened.read('b')).toEqual(float(3));
    expect(() => opened.read('c')).toThrow(`${path}: has no tensor "c"`);
    opened.close();
    expect(readSafetensors(path)).toEqual({ a: float(1, 2), b: float(3) });
  });

  test('a file that could not be written whole leaves the old one', async () => {
    const path = join(folder, 'old.safetensors');
    await writeSafetensors(path, { a: float(1) });
    const broken: NDArray = { dtype: 'float32', shape: [5], data: new Float32Array(4) };
    await expect(writeSafetensors(path, { a: float(2), b: broken })).rejects.toThrow('shape [5]');
    expect(readSafetensors(path)).toEqual({ a: float(1) });
    expect(readdirSync(folder).filter((name) => name.startsWith('old'))).toEqual(['old.safetensors']);
  });

  test('a truncated file is named', () => {
    const path = join(folder, 'cut.safetensors');
    writeFileSync(path, encodeSafetensors({ a: float(1, 2, 3) }).subarray(0, -4));
    expect(() => readSafetensors(path)).toThrow(`${path}: safetensors tensors end at byte`);
  });
});

const published = sharedPath('weights/deit_tiny_patch16_224.safetensors');
testWhere(published, 'the weights are missing')('published weights', () => {
  const weights = readSafetensors(published!);
  expect(weights['cls_token']!.shape).toEqual([1, 1, 192]);
  const again = decodeSafetensors(encodeSafetensors(weights));
  expect(Object.keys(again).sort()).toEqual(Object.keys(weights).sort());
  for (const [name, { shape, data }] of Object.entries(weights)) {
    expect(again[name]!.shape).toEqual(shape);
    expect(Buffer.compare(Buffer.from(again[name]!.data.buffer), Buffer.from(data.buffer))).toBe(0);
  }
});

test('damaged files are read or refused', () => {
  const samples = [
    encodeSafetensors({ a: float(1, 2), b: float(3) }, { step: '7' }),
    encodeSafetensors({ h: { dtype: 'float16', shape: [2, 1], data: new Float32Array([1, 2]) } }),
    encodeSafetensors({}),
  ];
  const { inputs, refused, read, slowest, largest } = mutate(samples, decodeSafetensors);
  expect(refused + read).toBe(inputs);
  expect(refused).toBeGreaterThan(inputs * 0.5);
  expect(read).toBeGreaterThan(inputs * 0.01);
  expect(slowest).toBeLessThan(500);
  expect(largest).toBeLessThan(2 ** 20);
});
