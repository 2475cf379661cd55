/** The compiled passes beside the same passes in TypeScript, which they took the place of: bit for bit. */
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import type { RgbImage } from '../../src/image/rgb-image.js';
import { brightness } from '../../src/transforms/brightness.js';
import { contrast } from '../../src/transforms/contrast.js';
import { gaussianBlur } from '../../src/transforms/gaussian-blur.js';
import { gray } from '../../src/transforms/gray.js';
import { hue } from '../../src/transforms/hue.js';
import { resample } from '../../src/transforms/resample.js';
import { saturation } from '../../src/transforms/saturation.js';
import * as referenceBlur from './reference/gaussian-blur.js';
import * as referenceContrast from './reference/contrast.js';
import * as referenceGray from './reference/gray.js';
import * as referenceHue from './reference/hue.js';
import { mapValues } from './reference/lookup.js';
import * as referenceResample from './reference/resample.js';
import * as referenceSaturation from './reference/saturation.js';

const side = fc.integer({ min: 1, max: 40 });
const image = fc
  .tuple(side, side, fc.integer(), fc.integer({ min: 1, max: 255 }))
  .map(([width, height, seed, range]): RgbImage => ({
    width,
    height,
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
      const noise = Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ seed, 0x85ebca6b) >>> 24;
      return (128 + noise) % range;
    }),
  }));
const factor = fc.double({ min: 0, max: 2.5, noNaN: true });

function isSame(made: RgbImage, expected: RgbImage): void {
  expect([made.width, made.height]).toEqual([expected.width, expected.height]);
  expect(Buffer.compare(made.data, expected.data)).toBe(0);
}

describe('bit for bit what TypeScript computes', () => {
  test('brightness, contrast, saturation, gray', () => {
    fc.assert(
      fc.property(image, factor, (photo, f) => {
        isSame(
          brightness(photo, f),
          mapValues(photo, (value) => Math.fround(value * Math.fround(f))),
        );
        isSame(contrast(photo, f), referenceContrast.contrast(photo, f));
        isSame(saturation(photo, f), referenceSaturation.saturation(photo, f));
        isSame(gray(photo), referenceGray.gray(photo));
      }),
    );
  });

  test('hue, for every color in steps of 5 and at the ends', () => {
    const levels = [...Array.from({ length: 51 }, (_, i) => 5 * i), 1, 2, 253, 254, 255];
    const data = Uint8Array.from(
      levels.flatMap((r) => levels.flatMap((g) => levels.flatMap((b) => [r, g, b]))),
    );
    const colors = { width: data.length / 3, height: 1, data };
    for (const shift of [-0.5, -0.1, -0.01, 0, 0.03, 0.25, 0.5])
      isSame(hue(colors, shift), referenceHue.hue(colors, shift));
  });

  test('blur, of images smaller than the box too', () => {
    fc.assert(
      fc.property(image, fc.double({ min: 0.01, max: 12, noNaN: true }), (photo, sigma) => {
        isSame(gaussianBlur(photo, sigma), referenceBlur.gaussianBlur(photo, sigma));
      }),
    );
  });

  test('resampling, whole and in windows', () => {
    const filter = fc.constantFrom('bilinear' as const, 'bicubic' as const);
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(image, side, side, filter, fc.tuple(share, share), (photo, width, height, how, [a, b]) => {
        const whole = { width, height, filter: how };
        isSame(resample(photo, whole), referenceResample.resample(photo, whole));
        const y = Math.floor(a * height);
        const x = Math.floor(b * width);
        const window = [y, height, 0, Math.max(1, x)] as const;
        isSame(
          resample(photo, { ...whole, window }),
          referenceResample.resample(photo, { ...whole, window }),
        );
      }),
    );
  });

  test('an image larger than the memory that the passes begin with', () => {
    const large: RgbImage = { width: 1800, height: 1500, data: new Uint8Array(3 * 1800 * 1500).fill(77) };
    large.data[1_000_000] = 200;
    isSame(gaussianBlur(large, 1.5), referenceBlur.gaussianBlur(large, 1.5));
  });
});

test('the arguments stay as they are', () => {
  const photo: RgbImage = { width: 5, height: 4, data: Uint8Array.from({ length: 60 }, (_, i) => 4 * i) };
  const before = photo.data.slice();
  for (const change of [gray, (of: RgbImage) => hue(of, 0.2), (of: RgbImage) => gaussianBlur(of, 2)])
    change(photo);
  expect(photo.data).toEqual(before);
});

test('the binary is what its sources give', () => {
  const folder = fileURLToPath(new URL('../..', import.meta.url));
  const check = spawnSync(process.execPath, ['wasm/build.js', '--check'], { cwd: folder, encoding: 'utf8' });
  expect(check).toMatchObject({ status: 0, stderr: '' });
}, 120_000);
