import { beforeAll, expect, test } from '@jest/globals';
import { denormalize } from '@toco/cam';
import { denseEnergyLattices } from '@toco/losses';
import { packLattices } from '@toco/crf';
import { initBackend } from '@toco/runtime';
import { fixture } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { viewLattice } from '@toco/crf';
import { planeCounts, presentClasses } from '../../src/loader/present-classes.js';

beforeAll(() => initBackend());

test('the lattice that a worker builds is the one of the de-normalized image', async () => {
  const images = tf.slice(
    fixture('trajectory')['step0.images'] as tf.Tensor4D,
    [0, 0, 0, 0],
    [1, -1, -1, -1],
  );
  const expected = await denseEnergyLattices(denormalize(images, { rounding: 'none' }));
  const lattice = viewLattice((await images.data()) as Float32Array, [64, 64], {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    sigmaXy: 100,
    sigmaRgb: 15,
  });
  const packed = packLattices([lattice], { vertices: expected.vertices });
  expect(packed.neighbors).toEqual(expected.neighbors);
  expect(packed.offsets).toEqual(expected.offsets);
  packed.weights.forEach((weight, i) => {
    expect(Math.abs(weight - expected.weights[i]!)).toBeLessThanOrEqual(1e-5);
  });
});

test('present classes are padded to one of a few counts', () => {
  expect(planeCounts(20)).toEqual([2, 4, 8, 16, 20]);
  expect(planeCounts(5)).toEqual([2, 4, 5]);
  expect(planeCounts(1)).toEqual([1]);
  const { data, shape } = presentClasses([0, 1, 0, 1, 1, 1, 0, 0, 0, 0], [2, 5]);
  expect(shape).toEqual([2, 4]);
  expect(Array.from(data)).toEqual([1, 3, 4, -1, 0, -1, -1, -1]);
});
