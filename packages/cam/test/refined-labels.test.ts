import { beforeAll, describe, expect, test } from '@jest/globals';
import { par } from '@toco/par';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, fixture } from '@toco/testing';
import { classLabels, selectClasses } from '../src/select-classes.js';
import { denormalize } from '../src/denormalize.js';
import { refinedLabels } from '../src/refined-labels.js';
import { resize } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { agreement, randomCam } from './seeded.js';
import { labelSources, trajectorySteps } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const ignoreIndex = 255;

test('reference: equal the recorded labels', async () => {
  for (const [, g] of labelSources()) {
    const targets = { labels: g['class_labels']!, images: g['images']!, imgBox: g['img_box']! };
    const actual = refinedLabels(g['cams']!, targets, { ignoreIndex, behavior: 'reference' });
    expect(await agreement(actual, g['refined']!)).toBe(1);
  }
});

test('corrected: equal the recorded labels, from levels that the reference truncates', async () => {
  const g = { ...fixture('pseudo_labels'), ...fixture('pseudo_labels_corrected') };
  const targets = { labels: g['class_labels']!, images: g['images']!, imgBox: g['img_box']! };
  expect(await agreement(refinedLabels(g['cams']!, targets, { ignoreIndex }), g['refined']!)).toBe(1);
  const reference = refinedLabels(g['cams']!, targets, { ignoreIndex, behavior: 'reference' });
  expect(await agreement(reference, g['refined']!)).toBeLessThan(1);
});

test.each(['reference', 'corrected'] as const)('equal those of the training runs, %s', async (behavior) => {
  for (const g of trajectorySteps(behavior)) {
    const targets = { labels: g['labels']!, images: g['images']!, imgBox: g['img_box']! };
    const actual = refinedLabels(g['cam']!, targets, { ignoreIndex, behavior });
    expect(await agreement(actual, g['refined']!)).toBe(1);
  }
});

describe.each([
  [1, 16, 16, 1],
  [2, 24, 16, 5],
  [3, 8, 12, 20],
] as const)('[%d,%d,%d,%d]', (b, h, w, c) => {
  const cam = (): tf.Tensor => randomCam([b, h, w, c], 1);
  const images = (): tf.Tensor => tf.randomNormal([b, h, w, 3], 0, 1, 'float32', 2);
  const rows = Array.from({ length: b }, (_, i) =>
    Array.from({ length: c }, (__, j) => (j === i % c || (i + j) % 4 === 0 ? 1 : 0)),
  );

  test('the same labels from the planes of present classes alone', async () => {
    const present = rows.map((row) => row.flatMap((flag, index) => (flag ? [index] : [])));
    const width = Math.max(...present.map((list) => list.length)) + 1;
    const padded = present.map((list) => [...list, ...Array<number>(width - list.length).fill(-1)]);
    const classes = tf.tensor2d(padded, [b, width], 'int32');
    const few = refinedLabels(
      selectClasses(cam(), classes),
      { labels: classLabels(classes), images: images(), classes },
      { ignoreIndex },
    );
    const all = refinedLabels(cam(), { labels: tf.tensor2d(rows), images: images() }, { ignoreIndex });
    expect(await agreement(few, all)).toBe(1);
  });

  test('labels are background, present classes or ignored; ignored outside the box', async () => {
    const box = tf.tensor2d(
      Array.from({ length: b }, () => [2, h - 1, 3, w]),
      [b, 4],
      'int32',
    );
    const targets = { labels: tf.tensor2d(rows), images: images() };
    const boxed = refinedLabels(cam(), { ...targets, imgBox: box }, { ignoreIndex });
    const free = refinedLabels(cam(), targets, { ignoreIndex });
    const inner = (labels: tf.Tensor): tf.Tensor => tf.slice(labels, [0, 2, 3], [b, h - 3, w - 3]);
    await expectClose(inner(boxed), inner(free), {});
    const data = await boxed.array();
    data.forEach((image, i) =>
      image.forEach((row, y) =>
        row.forEach((label, x) => {
          if (y < 2 || y >= h - 1 || x < 3) expect(label).toBe(ignoreIndex);
          else expect(label === 0 || label === ignoreIndex || rows[i]![label - 1] === 1).toBe(true);
        }),
      ),
    );
  });
});

test('a refinement of one’s own stands in the place of PAR', async () => {
  const cam = randomCam([1, 16, 24, 3], 3);
  const images = tf.randomNormal([1, 16, 24, 3], 0, 1, 'float32', 4);
  const targets = { labels: tf.tensor2d([[1, 0, 1]]), images };
  const plain = refinedLabels(cam, targets, { ignoreIndex });
  const same = refinedLabels(cam, targets, { ignoreIndex, refine: (image, planes) => par(image, planes) });
  expect(await agreement(same, plain)).toBe(1);
  const none = refinedLabels(cam, targets, { ignoreIndex, refine: (_, planes) => planes });
  expect(await agreement(none, plain)).toBeLessThan(1);
  const halfNaN = refinedLabels(cam, targets, {
    ignoreIndex,
    downsample: 1,
    refine: (image, planes) => {
      const left = tf.less(tf.range(0, 24), 12);
      return tf.where(tf.reshape(left, [1, 1, 24, 1]), tf.fill(planes.shape, NaN), par(image, planes));
    },
  });
  const [left, right] = tf.split(halfNaN, 2, 2) as [tf.Tensor, tf.Tensor];
  expect(new Set(left.dataSync())).toEqual(new Set([ignoreIndex]));
  expect(new Set(right.dataSync()).size).toBeGreaterThan(1);
  expect(() => refinedLabels(cam, targets, { ignoreIndex, refine: (image) => image })).toThrow(
    'refinedLabels: refined planes',
  );
});

test('a mirrored scene has mirrored labels', async () => {
  const cam = randomCam([1, 16, 24, 3], 3);
  const images = tf.randomNormal([1, 16, 24, 3], 0, 1, 'float32', 4);
  const labels = tf.tensor2d([[1, 0, 1]]);
  const plain = refinedLabels(cam, { labels, images }, { ignoreIndex });
  const mirrored = refinedLabels(
    tf.reverse(cam, 2),
    { labels, images: tf.reverse(images, 2) },
    { ignoreIndex },
  );
  expect(await agreement(tf.reverse(mirrored, 2), plain)).toBe(1);
});

test('certain CAMs keep their labels where the image is uniform', async () => {
  // 1 on the left half, 0 on the right: away from the edge nothing is left for the refinement to decide
  const left = tf.cast(tf.less(tf.range(0, 128), 64), 'float32');
  const cam = tf.tile(tf.reshape(left, [1, 1, 128, 1]), [1, 16, 1, 1]);
  const images = tf.tile(tf.reshape(tf.sub(tf.mul(left, 2), 1), [1, 1, 128, 1]), [1, 16, 1, 3]);
  const labels = await refinedLabels(cam, { labels: tf.ones([1, 1]), images }, { ignoreIndex }).array();
  for (const row of labels[0]!) {
    expect(row.slice(0, 60)).toEqual(Array(60).fill(1));
    expect(row.slice(68)).toEqual(Array(60).fill(0));
  }
});

test('leaves nothing behind and names what does not fit', async () => {
  const [cam, labels, images] = [randomCam([1, 8, 8, 3], 1), tf.ones([1, 3]), tf.zeros([1, 8, 8, 3])];
  await expectNoLeak(() => refinedLabels(cam, { labels, images }, { ignoreIndex }));
  expect(() =>
    refinedLabels(tf.zeros([1, 7, 8, 3]), { labels, images: tf.zeros([1, 7, 8, 3]) }, { ignoreIndex }),
  ).toThrow(/cannot be halved/);
  expect(() => refinedLabels(cam, { labels, images: tf.zeros([1, 4, 8, 3]) }, { ignoreIndex })).toThrow(
    /refinedLabels: images/,
  );
});

test.each([1, 2, 4])(
  'refined at 1/%d of the size: what PAR makes of means over as many pixels',
  async (n) => {
    const [h, w, c] = [24, 16, 3];
    const cam = randomCam([1, h, w, c], 5);
    const images = tf.randomNormal([1, h, w, 3], 0, 1, 'float32', 6);
    const labels = tf.ones([1, c]);
    const [low, high] = [0.4, 0.6];
    const smaller = (x: tf.Tensor): tf.Tensor4D => tf.avgPool<tf.Tensor4D>(x as tf.Tensor4D, n, n, 'valid');
    const levels = tf.div(denormalize(images, { rounding: 'nearest' }), 255);
    const classOf = async (background: number): Promise<Int32Array> => {
      const planes = tf.concat([tf.fill([1, h / n, w / n, 1], background), smaller(cam)], 3);
      const refined = par(smaller(levels), tf.softmax(planes));
      const full = resize(refined, [h, w], { method: 'bilinear', alignCorners: false });
      return (await tf.argMax(full, 3).data()) as Int32Array;
    };
    const [above, below] = [await classOf(high), await classOf(low)];
    const expected = above.map((label, i) => (label > 0 ? label : below[i] === 0 ? 0 : ignoreIndex));
    const actual = refinedLabels(cam, { labels, images }, { ignoreIndex, low, high, downsample: n });
    expect([...(await actual.data())]).toEqual([...expected]);
    expect(new Set(expected).size).toBeGreaterThan(1);
  },
);
