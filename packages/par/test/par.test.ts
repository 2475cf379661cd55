import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeSafetensors } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import {
  expectClose,
  fixture,
  recordKernels,
  sharedPath,
  testWhere,
  toTensor,
  withoutOwnKernels,
} from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { par } from '../src/par.js';
import { parAffinity } from '../src/par-affinity.js';
import { refine } from '../src/refine.js';
import type { RefineOptions } from '../src/options.js';

const path = sharedPath('goldens/par.safetensors');
if (path === undefined) console.info('goldens/par is missing: its tests are skipped');

const variants: [string, RefineOptions][] = [
  ['refined_10_iter', {}],
  ['refined_1_iter', { iterations: 1 }],
  ['refined_2_iter_dilations_1_2', { iterations: 2, dilations: [1, 2] }],
];

function random(shape: number[], seed: number): tf.Tensor {
  let state = (seed * 2654435761) >>> 0;
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  });
  return tf.tensor(values, shape);
}

beforeEach(() => {
  tf.engine().startScope();
});
afterEach(() => {
  tf.engine().endScope();
});

describe('numbers', () => {
  beforeAll(async () => {
    await initBackend();
    await tf.setBackend('tensorflow');
  });

  test.each([
    [1, 70, 40],
    [2, 61, 33],
  ])('strips of rows give the numbers of all rows at once, bit for bit: %i×%i×%i', async (B, H, W) => {
    const images = random([B, H, W, 3], 5);
    const masks = random([B, H, W, 2], 6);
    for (const dilations of [
      [1, 2, 4],
      [1, 2, 4, 8, 12, 24],
    ]) {
      const whole = await par(images, masks, { dilations }).data();
      // one row at once would be asked for; sixteen are taken
      for (const pixelsAtOnce of [1, B * W * (2 * Math.max(...dilations) + 20)])
        expect(await par(images, masks, { dilations, pixelsAtOnce }).data()).toEqual(whole);
    }
  });

  test.each(variants)('meets the fixture, %s', async (key, options) => {
    const arrays = fixture('par');
    await expectClose(par(arrays['images']!, arrays['masks']!, options), arrays[key]!, { relative: 1e-5 });
  });

  (path === undefined ? test.skip.each(variants) : test.each(variants))(
    'meets the golden, %s',
    async (key, options) => {
      const arrays = decodeSafetensors(new Uint8Array(readFileSync(path!)));
      const [images, masks, expected] = ['images', 'masks', key].map((name) => toTensor(arrays[name]!));
      await expectClose(par(images!, masks!, options), expected!, { relative: 1e-5 });
    },
  );
});

// Small, since the plain JavaScript backend is many times slower inside of the test runner than outside.
describe.each(['tensorflow', 'cpu'])('on %s', (backend) => {
  const dilations = [1, 3];

  beforeAll(async () => {
    if (backend === 'tensorflow') await initBackend();
    await tf.setBackend(backend);
  });

  test('the weights are not negative, sum to 1.01 and follow the definition at one pixel', async () => {
    const images = random([2, 9, 11, 3], 1);
    const affinity = parAffinity(images, { dilations });
    await expectClose(tf.sum(affinity, 3), tf.fill([2, 9, 11], 1.01), { relative: 1e-6 });
    expect(Math.min(...(await affinity.data()))).toBeGreaterThanOrEqual(0);

    const image = await tf.slice(images as tf.Tensor4D, [1, 0, 0, 0], [1, 9, 11, 3]).array();
    const own = tf.tensor1d(definition(image[0]!, 0, 9, dilations));
    await expectClose(tf.reshape(tf.slice(affinity, [1, 0, 9, 0], [1, 1, 1, 16]), [16]), own, {
      relative: 1e-5,
    });
  });

  test('bandwidth and weight of the position term are those that are asked for', async () => {
    const images = random([1, 9, 11, 3], 1);
    const [image] = await (images as tf.Tensor4D).array();
    const kernels = { bandwidth: 0.7, positionWeight: 0.25 };
    const affinity = parAffinity(images, { dilations, ...kernels });
    await expectClose(tf.sum(affinity, 3), tf.fill([1, 9, 11], 1.25), { relative: 1e-6 });
    const own = tf.tensor1d(definition(image!, 0, 9, dilations, kernels));
    await expectClose(tf.reshape(tf.slice(affinity, [0, 0, 9, 0], [1, 1, 1, 16]), [16]), own, {
      relative: 1e-5,
    });
  });

  test.each([1, 3])('a constant mask grows by 1.01 in each of %d iterations', async (iterations) => {
    const masks = tf.fill([1, 12, 7, 2], 0.5);
    const refined = par(random([1, 12, 7, 3], 2), masks, { iterations, dilations });
    await expectClose(refined, tf.fill([1, 12, 7, 2], 0.5 * 1.01 ** iterations), { relative: 1e-5 });
  });

  test.each([1, 2])('flipping axis %d of image and masks flips the result', async (axis) => {
    const [images, masks] = [random([2, 10, 13, 3], 3), random([2, 10, 13, 2], 4)];
    const flipped = par(tf.reverse(images, axis), tf.reverse(masks, axis), { iterations: 3, dilations });
    const expected = tf.reverse(par(images, masks, { iterations: 3, dilations }), axis);
    await expectClose(flipped, expected, { relative: 1e-5 });
  });

  test('planes and images do not mix: leaving a plane out changes nothing', async () => {
    const [images, masks] = [random([2, 8, 9, 3], 5), random([2, 8, 9, 4], 6)];
    const affinity = parAffinity(images, { dilations });
    const one = refine(tf.slice(masks, [0, 0, 0, 2], [2, 8, 9, 1]), affinity, { iterations: 2, dilations });
    const all = refine(masks, affinity, { iterations: 2, dilations });
    await expectClose(one, tf.slice(all, [0, 0, 0, 2], [2, 8, 9, 1]), { relative: 1e-6 });
    const second = par(
      tf.slice(images, [1, 0, 0, 0], [1, 8, 9, 3]),
      tf.slice(masks, [1, 0, 0, 0], [1, 8, 9, 4]),
      { iterations: 2, dilations },
    );
    await expectClose(second, tf.slice(all, [1, 0, 0, 0], [1, 8, 9, 4]), { relative: 1e-6 });
  });

  test('masks of another size are resized with aligned corners', async () => {
    const images = random([1, 9, 9, 3], 7);
    const ramp = tf.tensor4d([0, 1, 0, 1], [1, 2, 2, 1]);
    const resized = tf.tile(tf.reshape(tf.linspace(0, 1, 9), [1, 1, 9, 1]), [1, 9, 1, 1]);
    const options = { iterations: 2, dilations };
    await expectClose(par(images, ramp, options), par(images, resized, options), { relative: 1e-6 });
  });

  test('keeps no tensor but the result', () => {
    const [images, masks] = [random([1, 8, 9, 3], 8), random([1, 4, 5, 2], 9)];
    const before = tf.memory().numTensors;
    par(images, masks, { iterations: 3, dilations }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is a constant to gradients', async () => {
    const [images, masks] = [random([1, 6, 7, 3], 10), random([1, 6, 7, 2], 11)];
    const gradient = tf.grad((x) => tf.add(par(images, x, { iterations: 1, dilations }), tf.square(x)))(
      masks,
    );
    await expectClose(gradient, tf.mul(2, masks), { relative: 1e-6 });
  });
});

const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const hasKernel = kernels !== undefined;

describe('one operation, where TensorFlow has it on the CPU,', () => {
  beforeAll(() => tf.setBackend('tensorflow'));

  // Sides below and above eight pixels and bands of sixteen rows, more channels than are computed together.
  test.each([
    [1, 5, 3, 2],
    [2, 17, 13, 3],
    [2, 40, 33, 11],
    [1, 16, 8, 8],
  ])('gives what many give: %i images of %i × %i, %i planes', async (batch, height, width, channels) => {
    const affinity = parAffinity(random([batch, height, width, 3], 1));
    const masks = random([batch, height, width, channels], 2);
    const run = (): tf.Tensor => refine(masks, affinity, { iterations: 3 });
    const counts = await recordKernels(run);
    expect(counts.get('TocoRefine')).toBe(hasKernel ? 1 : undefined);
    await expectClose(run(), await withoutOwnKernels(run), { relative: 1e-6 });
  });

  testWhere(
    test,
    hasKernel,
    'no kernels on this machine',
  )('refuses weights of other sizes', () => {
    const inputs = { planes: tf.zeros([2, 1, 4, 4]), weights: tf.zeros([3, 1, 4, 4]) };
    const run = (): unknown =>
      tf.engine().runKernel('TocoRefine', inputs, { iterations: 1, offsets: [0, 1, 1, 0] });
    expect(run).toThrow(/TocoRefine takes \[channels,images,height,width\]/);
  });
});

test('says what is wrong', () => {
  const affinity = tf.zeros([1, 4, 4, 16]);
  expect(() => refine(tf.zeros([1, 4, 4, 2]), affinity, { dilations: [1, 2, 4] })).toThrow(
    'refine: affinity',
  );
  expect(() => parAffinity(tf.zeros([1, 4, 4, 1]))).toThrow('parAffinity: images');
  expect(() => par(tf.zeros([2, 4, 4, 3]), tf.zeros([1, 4, 4, 1]))).toThrow('par: masks');
  expect(() => parAffinity(tf.zeros([1, 4, 4, 3]), { dilations: [1.5] })).toThrow('dilations are [1.5]');
});

/** The 8·dilations weights of one pixel, written as the formula. */
function definition(
  image: number[][][],
  y: number,
  x: number,
  dilations: number[],
  { bandwidth, positionWeight } = { bandwidth: 0.3, positionWeight: 0.01 },
): number[] {
  const offsets = dilations.flatMap((r) =>
    [-r, 0, r].flatMap((dy) => [-r, 0, r].map((dx) => [dy, dx] as const)).filter(([dy, dx]) => dy || dx),
  );
  const at = (dy: number, dx: number, c: number) => {
    const row = image[Math.min(Math.max(y + dy, 0), image.length - 1)]!;
    return row[Math.min(Math.max(x + dx, 0), row.length - 1)]![c]!;
  };
  const deviation = (values: number[]) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
  };
  const softmax = (values: number[]) => {
    const sum = values.reduce((total, v) => total + Math.exp(v), 0);
    return values.map((v) => Math.exp(v) / sum);
  };
  const color = offsets.map(([dy, dx]) =>
    [0, 1, 2].reduce((sum, c) => {
      const sigma = deviation(offsets.map(([oy, ox]) => at(oy, ox, c))) + 1e-8;
      return sum - ((at(dy, dx, c) - image[y]![x]![c]!) / sigma / bandwidth) ** 2 / 3;
    }, 0),
  );
  const radii = offsets.map(([dy, dx]) => Math.hypot(dy, dx));
  const position = softmax(radii.map((r) => -((r / (deviation(radii) + 1e-8) / bandwidth) ** 2)));
  return softmax(color).map((weight, i) => weight + positionWeight * position[i]!);
}
