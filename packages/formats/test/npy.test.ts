import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeNpy } from '../src/npy/decode.js';
import { encodeNpy } from '../src/npy/encode.js';
import type { NDData } from '../src/nd-array.js';
import { anyArray, everyDType } from './support/arbitrary.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';

const written = golden('numpy') as {
  npy: Record<string, { file: string; dtype: string; shape: number[]; values: (number | string)[] }>;
  objects: string;
  structured: string;
  text: string;
  complex: string;
};

const npyTypes = everyDType.filter((dtype) => dtype !== 'bfloat16');

describe('what NumPy wrote', () => {
  test.each(Object.entries(written.npy))('%s', (_, { file, dtype, shape, values }) => {
    const read = decodeNpy(fromBase64(file));
    expect(read.dtype).toBe(dtype);
    expect(read.shape).toEqual(shape);
    const numbers = Array.from<number | bigint>(read.data as NDData & Iterable<number | bigint>);
    expect(numbers.map((value) => (typeof value === 'bigint' ? String(value) : value))).toEqual(values);
  });

  test.each([
    ['objects', 'decodeNpyObjects'],
    ['structured', 'structured arrays are not supported'],
    ['text', 'NumPy type "<U2" is not supported'],
    ['complex', 'NumPy type "<c8" is not supported'],
  ] as const)('%s are refused', (key, message) => {
    expect(() => decodeNpy(fromBase64(written[key]))).toThrow(message);
  });

  test("our bytes are NumPy's", () => {
    for (const name of ['bool', 'uint8', 'float16', 'int64', 'float32', 'scalar', 'empty']) {
      const file = fromBase64(written.npy[name]!.file);
      expect(Buffer.from(encodeNpy(decodeNpy(file))).toString('latin1')).toBe(
        Buffer.from(file).toString('latin1'),
      );
    }
  });
});

/** An npy file of version 1 with that header text. */
function file(header: string, size: number): Uint8Array {
  const out = new Uint8Array(10 + header.length + size);
  out.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, header.length & 255, header.length >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  return out;
}

test.each([
  [new Uint8Array(4), 'is not an npy file'],
  [file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7), 'takes 8 bytes, 7 follow'],
  [file("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999,99999999), }", 8), 'too many elements'],
  [file("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8), 'lacks its order or its shape'],
  [file("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }", 8), 'not a row of sizes'],
  [file("{'descr': '<f4', 'shape': (2,), }", 8), 'lacks its order'],
  [file("__import__('os')", 8), 'not a dictionary'],
  [file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8).subarray(0, 30), 'does not fit'],
])('refuses what is no whole array (%#)', (input, message) => {
  expect(() => decodeNpy(input)).toThrow(message);
});

test('sizes of Python 2 are read', () => {
  expect(decodeNpy(file("{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }", 2)).shape).toEqual([
    2, 1,
  ]);
});

test('what is written reads back', () => {
  fc.assert(
    fc.property(anyArray(npyTypes), (array) => {
      const written = encodeNpy(array);
      expect(written.length % 64).toBe((array.data.length * bytesOf(array.dtype)) % 64);
      expect(decodeNpy(written)).toEqual(array);
    }),
    { numRuns: 500 },
  );
});

const bytesOf = (dtype: string): number => (/\d+/.exec(dtype) ? Number(/\d+/.exec(dtype)![0]) / 8 : 1);

test('bfloat16 is refused rather than changed', () => {
  expect(() => encodeNpy({ dtype: 'bfloat16', shape: [1], data: new Float32Array(1) })).toThrow(
    'NumPy has no bfloat16',
  );
});

test('damaged files are read or refused', () => {
  const samples = ['float32', 'float16 big-endian', 'Fortran order of three axes', 'version 2', 'empty'].map(
    (name) => fromBase64(written.npy[name]!.file),
  );
  const { inputs, refused, read, slowest, largest } = mutate(samples, decodeNpy);
  expect(refused + read).toBe(inputs);
  expect(refused).toBeGreaterThan(inputs * 0.3);
  expect(read).toBeGreaterThan(inputs * 0.03);
  expect(slowest).toBeLessThan(500);
  expect(largest).toBeLessThan(2 ** 20);
});
