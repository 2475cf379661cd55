import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from '../src/half.js';

const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

test.each([
  ['float16', widenFloat16, narrowFloat16],
  ['bfloat16', widenBfloat16, narrowBfloat16],
] as const)('every %s survives widening and narrowing', (_, widen, narrow) => {
  const values = widen(all);
  const back = narrow(values);
  const again = widen(back);
  const lost = [...all].filter((bits) =>
    Number.isNaN(values[bits]) ? !Number.isNaN(again[bits]) : back[bits] !== bits,
  );
  expect(lost).toEqual([]);
});

test.each([
  ['float16', widenFloat16, narrowFloat16, 0x7c00],
  ['bfloat16', widenBfloat16, narrowBfloat16, 0x7f80],
] as const)('%s takes the nearest value, the even one of two', (_, widen, narrow, infinity) => {
  const values = widen(all);
  fc.assert(
    fc.property(fc.nat({ max: infinity - 2 }), fc.double({ min: 0, max: 1, noNaN: true }), (below, part) => {
      const low = values[below]!;
      const high = values[below + 1]!;
      const between = Math.fround(low + (high - low) * part);
      const toLow = between - low;
      const toHigh = high - between;
      const nearest = toLow === toHigh ? below + (below & 1) : toLow < toHigh ? below : below + 1;
      expect(narrow(new Float32Array([between]))[0]).toBe(nearest);
      expect(narrow(new Float32Array([-between]))[0]).toBe(nearest | 0x8000);
    }),
    { numRuns: 5_000 },
  );
});

test('values at the edges of float16', () => {
  const bits = (value: number): number => narrowFloat16(new Float32Array([value]))[0]!;
  expect(bits(65504)).toBe(0x7bff);
  expect(bits(65519.99)).toBe(0x7bff);
  expect(bits(65520)).toBe(0x7c00);
  expect(bits(2 ** -25)).toBe(0);
  expect(bits(2 ** -25 * 1.001)).toBe(1);
  expect(bits(2 ** -14)).toBe(0x0400);
  expect(bits(1e-45)).toBe(0);
});
