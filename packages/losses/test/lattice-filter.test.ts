import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { initBackend } from '@toco/runtime';
import {
  expectClose,
  randomArray,
  randomImage,
  recordKernels,
  testWhere,
  withoutOwnKernels,
} from '@toco/testing';
import { bilateralLattice, filterLattice, gaussianLattice } from '@toco/crf';
import { latticeFilter, latticeTensors } from '../src/lattice-filter.js';
import { latticeSizes, packLattices, pickLatticeSize } from '@toco/crf';

const height = 10;
const width = 14;
const pixels = height * width;
const lattices = [1, 2, 3].map((seed) =>
  bilateralLattice(randomImage(pixels, seed), height, width, { sigmaXy: 8, sigmaRgb: 30 }),
);

describe.each(['tensorflow', 'cpu'])('on %s', (backend) => {
  beforeAll(async () => {
    if (backend === 'tensorflow') await initBackend();
    await tf.setBackend(backend);
  });
  beforeEach(() => {
    tf.engine().startScope();
  });
  afterEach(() => {
    tf.engine().endScope();
  });

  test.each([1, 5])('equals the filter on typed arrays, %d channels', async (channels) => {
    const values = randomArray(3 * pixels * channels, 4);
    const expected = lattices.flatMap((lattice, b) =>
      Array.from(
        filterLattice(lattice, values.slice(b * pixels * channels, (b + 1) * pixels * channels), channels),
      ),
    );
    const shape: [number, number, number, number] = [3, height, width, channels];
    for (const vertices of [undefined, pixels * 6]) {
      const arrays = packLattices(lattices, vertices === undefined ? {} : { vertices });
      const actual = latticeFilter(tf.tensor4d(values, shape), latticeTensors(arrays));
      await expectClose(actual, tf.tensor4d(expected, shape), { relative: 2e-6 });
    }
  });

  test('serves the Gaussian kernel too', async () => {
    const lattice = gaussianLattice(height, width, { sigmaXy: 2 });
    const values = randomArray(pixels, 5);
    const actual = latticeFilter(
      tf.tensor4d(values, [1, height, width, 1]),
      latticeTensors(packLattices([lattice])),
    );
    const expected = tf.tensor4d(filterLattice(lattice, values, 1), [1, height, width, 1]);
    await expectClose(actual, expected, { relative: 2e-6 });
  });

  test('its gradient is the adjoint', async () => {
    const lattice = latticeTensors(packLattices(lattices));
    const x = tf.tensor4d(randomArray(3 * pixels * 2, 6), [3, height, width, 2]);
    const dy = tf.tensor4d(randomArray(3 * pixels * 2, 7), [3, height, width, 2]);
    const gradient = tf.grad((v) => latticeFilter(v as tf.Tensor4D, lattice))(x, dy);
    const forward = tf.sum(tf.mul(latticeFilter(dy, lattice), dy));
    const gradientAtDy = tf.sum(tf.mul(gradient, dy));
    await expectClose(gradientAtDy, forward, { relative: 1e-5 });
    const [y, expected] = [gradient, tf.mul(latticeFilter(x, lattice), dy)];
    await expectClose(tf.sum(tf.mul(x, y)), tf.sum(expected), { relative: 1e-5 });
  });

  test('keeps no tensor but the result', () => {
    const lattice = latticeTensors(packLattices(lattices));
    const values = tf.zeros<tf.Rank.R4>([3, height, width, 2]);
    const before = tf.memory().numTensors;
    latticeFilter(values, lattice).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses values of another size', () => {
    const lattice = latticeTensors(packLattices(lattices));
    expect(() => latticeFilter(tf.zeros([3, 4, 4, 2]), lattice)).toThrow(
      'values [3,4,4,2] do not fit a lattice of 3 images × 140 points',
    );
  });
});

const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const hasKernel = kernels !== undefined;

describe('one operation, where TensorFlow has it on the CPU,', () => {
  beforeAll(() => tf.setBackend('tensorflow'));
  const values = (channels: number): tf.Tensor4D =>
    tf.tensor4d(randomArray(3 * pixels * channels, 6), [3, height, width, channels]);

  test.each([1, 8, 21])('gives what many give, also transposed, with %d channels', async (channels) => {
    const lattice = latticeTensors(packLattices(lattices));
    const both = (): tf.Tensor[] => {
      const f = (x: tf.Tensor4D): tf.Tensor => latticeFilter(x, lattice);
      const { value, grad } = tf.valueAndGrad(f)(values(channels), values(channels));
      return [value, grad];
    };
    const one = await recordKernels(both);
    expect(one.get('TocoLatticeFilter')).toBe(hasKernel ? 2 : undefined);
    const expected = await withoutOwnKernels(both);
    for (const [i, tensor] of both().entries()) await expectClose(tensor, expected[i]!, { relative: 2e-6 });
  });

  testWhere(
    test,
    hasKernel,
    'no kernels on this machine',
  )('refuses indices that lead out of an image, and sizes that do not fit', () => {
    const { offsets, weights, neighbors } = latticeTensors(packLattices(lattices));
    const run = (inputs: object): unknown =>
      tf.engine().runKernel('TocoLatticeFilter', {
        ...{ values: values(2), offsets, weights, neighbors },
        ...inputs,
      });
    const outside = /an index leads out of the rows of its image/;
    expect(() => run({ offsets: tf.add(offsets, tf.scalar(1e6, 'int32')) })).toThrow(outside);
    expect(() => run({ offsets: tf.sub(offsets, tf.scalar(1e6, 'int32')) })).toThrow(outside);
    expect(() => run({ neighbors: tf.add(neighbors, tf.scalar(1e6, 'int32')) })).toThrow(outside);
    expect(() => run({ weights: tf.zeros([3, pixels, 5]) })).toThrow(
      /sizes of values and lattice do not fit/,
    );
  });
});

test('shapes depend on the size only', () => {
  const shapes = lattices.map((lattice) => {
    const { offsets, weights, neighbors } = packLattices([lattice], { vertices: 600 });
    return [offsets.length, weights.length, neighbors.length];
  });
  expect(shapes).toEqual(lattices.map(() => [pixels * 6, pixels * 6, 6 * 2 * 601]));
});

test('lattice sizes', () => {
  expect(latticeSizes(112 * 112, 5)).toEqual([9408, 37632, 75264]);
  expect(latticeSizes(1, 2)).toEqual([1, 2, 3]);
  expect(pickLatticeSize(9408, latticeSizes(112 * 112, 5))).toBe(9408);
  expect(pickLatticeSize(9409, latticeSizes(112 * 112, 5))).toBe(37632);
  expect(() => pickLatticeSize(11, [5, 10])).toThrow('11 vertices fit none of the sizes 5, 10');
});

test('refuses lattices that do not fit', () => {
  const most = Math.max(...lattices.map((lattice) => lattice.numVertices));
  expect(() => packLattices(lattices, { vertices: most - 1 })).toThrow(
    `a lattice of ${most} vertices does not fit ${most - 1}`,
  );
  expect(packLattices(lattices, { vertices: most }).vertices).toBe(most);
  expect(() => packLattices([])).toThrow('no lattice given');
  const gaussian = gaussianLattice(height, width, { sigmaXy: 2 });
  expect(() => packLattices([lattices[0]!, gaussian])).toThrow('lattice 1 has 140 points in 2 dimensions');
});
