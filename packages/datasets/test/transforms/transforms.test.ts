import { describe, expect, test } from '@jest/globals';
import { fixtureArrays, fixtureJson, largestError } from '@toco/testing';
import type { RgbImage } from '../../src/image/rgb-image.js';
import { brightness } from '../../src/transforms/brightness.js';
import { contrast } from '../../src/transforms/contrast.js';
import { crop, paddedCrop, type Box } from '../../src/transforms/crop.js';
import { flip } from '../../src/transforms/flip.js';
import { gaussianBlur } from '../../src/transforms/gaussian-blur.js';
import { gray } from '../../src/transforms/gray.js';
import { hue } from '../../src/transforms/hue.js';
import { resample } from '../../src/transforms/resample.js';
import { saturation } from '../../src/transforms/saturation.js';
import { solarize } from '../../src/transforms/solarize.js';

interface Operation {
  op: string;
  height: number;
  width: number;
  top: number;
  left: number;
  box: Box;
  img_box: Box;
  factor: number;
  shift: number;
  sigma: number;
  threshold: number;
}

const arrays = fixtureArrays('transforms');
const { outputs } = fixtureJson<{ outputs: Record<string, Operation[]> }>('transforms');

function asImage(key: string): RgbImage {
  const { shape, data } = arrays[key]!;
  return { height: shape[0]!, width: shape[1]!, data: Uint8Array.from(data as Uint8Array) };
}

function apply(image: RgbImage, operation: Operation): RgbImage {
  switch (operation.op) {
    case 'resize_bilinear':
      return resample(image, { width: operation.width, height: operation.height, filter: 'bilinear' });
    case 'resized_crop_bicubic':
      return resample(crop(image, operation.box), {
        width: operation.width,
        height: operation.height,
        filter: 'bicubic',
      });
    case 'padded_crop': {
      const padded = paddedCrop(image, operation);
      expect(padded.imgBox).toEqual(operation.img_box);
      return padded.image;
    }
    case 'flip':
      return flip(image);
    case 'grey':
      return gray(image);
    case 'solarise':
      return solarize(image, operation.threshold);
    case 'brightness':
      return brightness(image, operation.factor);
    case 'contrast':
      return contrast(image, operation.factor);
    case 'saturation':
      return saturation(image, operation.factor);
    case 'hue':
      return hue(image, operation.shift);
    case 'gaussian_blur':
      return gaussianBlur(image, operation.sigma);
    default:
      throw new Error(`unknown operation ${operation.op}`);
  }
}

describe('transforms agree with the fixture', () => {
  test.each(Object.entries(outputs))('%s', (key, operations) => {
    const actual = operations.reduce(apply, asImage('image'));
    const expected = asImage(key);
    expect([actual.height, actual.width]).toEqual([expected.height, expected.width]);
    const { error } = largestError(actual.data, expected.data);
    // The bounds are 2 levels, 4 for resampling, 8 for the blur; rounding as Pillow does, nothing is left of them.
    expect(error).toBe(0);
  });
});

describe('resample', () => {
  test.each([
    [1, 1, 5, 7],
    [7, 3, 3, 7],
    [16, 16, 4, 40],
    [5, 9, 5, 2],
  ])('%d × %d to %d × %d keeps a plain color', (width, height, toWidth, toHeight) => {
    const plain = { width, height, data: new Uint8Array(width * height * 3).fill(201) };
    for (const filter of ['bilinear', 'bicubic'] as const) {
      const out = resample(plain, { width: toWidth, height: toHeight, filter });
      expect(out).toEqual({
        width: toWidth,
        height: toHeight,
        data: new Uint8Array(toWidth * toHeight * 3).fill(201),
      });
    }
  });

  test('commutes with the flip', () => {
    const image = asImage('image');
    const options = { width: 50, height: 77, filter: 'bicubic' } as const;
    expect(resample(flip(image), options)).toEqual(flip(resample(image, options)));
  });
});

test('neutral parameters change nothing', () => {
  const image = asImage('image');
  expect(brightness(image, 1)).toEqual(image);
  expect(contrast(image, 1)).toEqual(image);
  expect(saturation(image, 1)).toEqual(image);
  expect(solarize(image, 256)).toEqual(image);
  expect(flip(flip(image))).toEqual(image);
  expect(crop(image, [0, image.height, 0, image.width])).toEqual(image);
});

test('a hue shift turns red into green and keeps grays', () => {
  const pixels = { width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 90, 90, 90) };
  expect(hue(pixels, 1 / 3)).toEqual({ width: 2, height: 1, data: Uint8Array.of(0, 255, 0, 90, 90, 90) });
});

test.each([0.1, 0.5, 1.3, 2])('a blur with σ = %d spreads a white pixel with that variance', (sigma) => {
  const size = 21;
  const dot = { width: size, height: size, data: new Uint8Array(size * size * 3) };
  dot.data.fill(255, 0);
  for (let x = 0; x < size; x++)
    if (x !== 10) for (let y = 0; y < size; y++) dot.data.fill(0, (y * size + x) * 3, (y * size + x) * 3 + 3);
  const row = gaussianBlur(dot, sigma)
    .data.filter((_, i) => i % 3 === 0)
    .subarray(10 * size, 11 * size);
  const mass = row.reduce((sum, v) => sum + v, 0);
  const variance = row.reduce((sum, v, x) => sum + v * (x - 10) ** 2, 0) / mass;
  expect(Math.abs(mass - 255)).toBeLessThanOrEqual(5);
  expect(Math.abs(variance - sigma * sigma)).toBeLessThan(0.06 * sigma * sigma + 0.02);
});

test('a window of the resampled image has the values of the whole', () => {
  const image = asImage('image');
  for (const [width, height] of [
    [40, 90],
    [83, 61],
    [83, 30],
    [150, 61],
  ] as const) {
    for (const filter of ['bilinear', 'bicubic'] as const) {
      const whole = resample(image, { width, height, filter });
      const box: Box = [5, 27, 9, 31];
      const part = resample(image, { width, height, filter, window: box });
      expect(part).toEqual(crop(whole, box));
    }
  }
});
