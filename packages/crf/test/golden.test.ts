import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { decodeSafetensors, type NDArray } from '@toco/formats';
import { fixtureArrays, largestError, sharedPath } from '@toco/testing';
import { bilateralFilter } from '../src/index.js';

type Arrays = Record<string, NDArray>;

function bilateralError(arrays: Arrays): number {
  const [batch, height, width, channels] = arrays['values']!.shape as [number, number, number, number];
  const values = arrays['values']!.data as Float32Array;
  const images = arrays['images']!.data as Float32Array;
  const expected = arrays['filtered']!.data as Float32Array;
  const pixels = height * width;
  const errors = Array.from({ length: batch }, (_, b) => {
    const { error, scale } = largestError(
      bilateralFilter(
        values.slice(b * pixels * channels, (b + 1) * pixels * channels),
        images.slice(b * pixels * 3, (b + 1) * pixels * 3),
        {
          height,
          width,
          channels,
          sigmaXy: Number(arrays['sigma_xy']!.data[0]),
          sigmaRgb: Number(arrays['sigma_rgb']!.data[0]),
        },
      ),
      expected.slice(b * pixels * channels, (b + 1) * pixels * channels),
    );
    return error / scale;
  });
  return Math.max(...errors);
}

const shared = (name: string): Arrays | undefined => {
  const path = sharedPath(`goldens/${name}.safetensors`);
  if (path === undefined) console.info(`goldens/${name} is missing: its test is skipped`);
  return path === undefined ? undefined : decodeSafetensors(readFileSync(path));
};

test('bilateral filter meets the fixture', () => {
  const error = bilateralError(fixtureArrays('bilateral_filter'));
  console.log(error);
  expect(error).toBeLessThan(1e-5);
});

const bilateralGoldens = shared('bilateral_filter');
(bilateralGoldens ? test : test.skip)('bilateral filter meets the golden', () => {
  const error = bilateralError(bilateralGoldens!);
  console.log(error);
  expect(error).toBeLessThan(1e-5);
});
