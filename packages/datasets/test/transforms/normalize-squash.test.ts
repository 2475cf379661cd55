import { describe, expect, test } from '@jest/globals';
import { largestError } from '@toco/testing';
import { imageNetNormalization, normalize } from '../../src/transforms/normalize.js';
import { squash } from '../../src/transforms/squash.js';

test('normalize is (value / 255 − mean) / std per channel', () => {
  const values = normalize(
    { width: 2, height: 1, data: Uint8Array.of(0, 128, 255, 10, 20, 30) },
    imageNetNormalization,
  );
  const expected = [
    -0.485 / 0.229,
    (128 / 255 - 0.456) / 0.224,
    (1 - 0.406) / 0.225,
    (10 / 255 - 0.485) / 0.229,
    (20 / 255 - 0.456) / 0.224,
    (30 / 255 - 0.406) / 0.225,
  ];
  expect(largestError(values, expected).error).toBeLessThan(1e-6);
});

describe('squash', () => {
  test('interpolates between half-pixel centers, without antialias', () => {
    const row = Float32Array.of(0, 1, 2, 3);
    expect([...squash(row, [1, 4], [1, 2])]).toEqual([0.5, 2.5]);
    expect([...squash(row, [1, 4], [1, 8])]).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
    // Shrinking eightfold reads two neighbors only: an antialiased resize would give the mean, 31.5.
    const ramp = Float32Array.from({ length: 64 }, (_, i) => i * i);
    expect([...squash(ramp, [64, 1], [1, 1])]).toEqual([(31 ** 2 + 32 ** 2) / 2]);
  });

  test.each([
    [3, 5, 7, 2],
    [4, 4, 4, 4],
    [9, 2, 3, 11],
  ])(
    '%d × %d to %d × %d reproduces a plane inside and channels apart',
    (height, width, toHeight, toWidth) => {
      const plane = (h: number, w: number, y: number, x: number, c: number): number =>
        (1 + c) * (((y + 0.5) * 2) / h + ((x + 0.5) * 3) / w);
      const values = (h: number, w: number): Float32Array =>
        Float32Array.from({ length: h * w * 2 }, (_, i) =>
          plane(h, w, Math.floor(i / 2 / w), Math.floor(i / 2) % w, i % 2),
        );
      const actual = squash(values(height, width), [height, width], [toHeight, toWidth]);
      const expected = values(toHeight, toWidth);
      const inside = (y: number, x: number): boolean =>
        ((y + 0.5) * height) / toHeight >= 0.5 &&
        ((y + 0.5) * height) / toHeight <= height - 0.5 &&
        ((x + 0.5) * width) / toWidth >= 0.5 &&
        ((x + 0.5) * width) / toWidth <= width - 0.5;
      let compared = 0;
      for (let y = 0; y < toHeight; y++) {
        for (let x = 0; x < toWidth; x++) {
          if (!inside(y, x)) continue;
          compared++;
          for (let c = 0; c < 2; c++) {
            const i = (y * toWidth + x) * 2 + c;
            expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-5);
          }
        }
      }
      expect(compared).toBeGreaterThan(0);
    },
  );
});
