import { expect, test } from '@jest/globals';
import { stackEnriched } from '../../src/loader/stack-enriched.js';

const ids = ['a', 'b'];

test('arrays of all images, one behind the other, with the shape of the batch', () => {
  const of = (value: number) => ({
    mask: { data: Int32Array.of(value, value + 1), shape: [1, 2] },
    weight: { data: Float32Array.of(value / 2), shape: [] },
  });
  expect(stackEnriched(ids, [of(1), of(5)])).toEqual({
    mask: { data: Int32Array.of(1, 2, 5, 6), shape: [2, 1, 2] },
    weight: { data: Float32Array.of(0.5, 2.5), shape: [2] },
  });
});

test.each([
  [
    [{ m: { data: new Float32Array(2), shape: [2] } }, { m: { data: new Float32Array(3), shape: [3] } }],
    /b gave m: float32 \[3\], a m: float32 \[2\]/,
  ],
  [[{}, { m: { data: new Float32Array(1), shape: [] } }], /b gave m: float32 \[\], a nothing/],
  [[{ m: { data: new Uint8Array(1), shape: [] } }, {}], /a: "m" is not an array with its shape/],
  [[{ m: { data: new Float32Array(2), shape: [3] } }, {}], /a: "m" is not an array with its shape/],
  [[{ m: 1 }, {}], /a: "m" is not an array with its shape/],
  [[7, {}], /a: gave 7; return/],
] as const)('what does not fit is refused in one line: %j', (enriched, message) => {
  expect(() => stackEnriched(ids, enriched)).toThrow(message);
});
