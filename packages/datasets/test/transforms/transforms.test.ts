import { describe, expect, test } from '@jest/globals';
import { fixtureArrays, fixtureJson, largestError } from '@toco/testing';
import type { RgbImage } from '../../src/image/rgb-image.js';
import { brightness } from '../../src/transforms/brightness.js';
import { contrast } from '../../src/transforms/contrast.js';
import { crop, paddedCrop, type Box } from '../../src/transforms/crop.js';
import { flip } from '../../src/transforms/flip.js';
import { gaussianBlur } from '../../src/transforms/gaussian-blur.js';
import { grey } from '../../src/transforms/grey.js';
import { hue } from '../../src/transforms/hue.js';
import { resample } from '../../src/transforms/resample.js';
import { saturation } from '../../src/transforms/saturation.js';
import { solarise } from '../../src/transforms/solarise.js';

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
      return grey(image);
    case 'solarise':
      return solarise(image, operation.threshold);
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
    if (error) console.log(key, error);
    expect(error).toBeLessThanOrEqual(0);
  });
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
