import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, fixture } from '@toco/testing';
import { classLabels, selectClasses } from '../src/select-classes.js';
import { pixelLabels } from '../src/pixel-labels.js';
import { regionMask } from '../src/region-mask.js';
import { tokenLabels } from '../src/token-labels.js';
import { validCam } from '../src/valid-cam.js';
import * as tf from '@tensorflow/tfjs-core';
import { randomCam } from './seeded.js';
import { labelSources, trajectorySteps } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const ignoreIndex = 255;

describe('recorded labels', () => {
  test('valid CAM, pixel labels, evaluation labels, region mask', async () => {
    for (const [, g] of labelSources()) {
      const labels = g['class_labels']!;
      const cam = g['cams']!;
      await expectClose(validCam(cam, labels), g['valid_cam']!, {});
      await expectClose(
        pixelLabels(cam, { labels, imgBox: g['img_box']! }, { ignoreIndex }),
        g['label']!,
        {},
      );
      const evaluation = pixelLabels(cam, { labels }, { low: 0.5, high: 0.5, ignoreIndex });
      await expectClose(evaluation, g['label_eval']!, {});
      await expectClose(regionMask(cam, labels), g['roi_mask']!, {});
    }
  });

  test('token labels without a box and with the reference behavior', async () => {
    for (const [, g] of labelSources()) {
      const cam = g['token_cam']!;
      const targets = { labels: g['class_labels']!, imgBox: g['img_box']! };
      const grid = [8, 8] as const;
      const options = { grid, imageSize: [64, 64] as const, ignoreIndex };
      await expectClose(tokenLabels(cam, { labels: targets.labels }, options), g['token_label']!, {});
      await expectClose(
        tokenLabels(cam, targets, { ...options, behavior: 'reference' }),
        g['token_label_reference_img_box']!,
        {},
      );
    }
  });

  test('token labels with the corrected behavior, which is the default and differs', async () => {
    const g = { ...fixture('pseudo_labels'), ...fixture('pseudo_labels_corrected') };
    const targets = { labels: g['class_labels']!, imgBox: g['img_box']! };
    const options = { grid: [8, 8] as const, imageSize: [64, 64] as const, ignoreIndex };
    const corrected = tokenLabels(g['token_cam']!, targets, options);
    await expectClose(corrected, g['token_label']!, {});
    const reference = tokenLabels(g['token_cam']!, targets, { ...options, behavior: 'reference' });
    await expect(expectClose(reference, g['token_label']!, {})).rejects.toThrow();
  });

  test.each(['reference', 'corrected'] as const)(
    'token labels of the training runs, %s',
    async (behavior) => {
      for (const g of trajectorySteps(behavior)) {
        const targets = { labels: g['labels']!, imgBox: g['img_box']! };
        const actual = tokenLabels(g['cam_aux']!, targets, { grid: [8, 8], ignoreIndex, behavior });
        await expectClose(actual, g['token_label']!, {});
      }
    },
  );
});

test('thresholds: > high is the class, ≤ low background, between ignored', async () => {
  const cam = tf.tensor4d([0.25, 0.251, 0.5, 0.75, 0.7501, 0.1], [1, 1, 6, 1]);
  const labels = pixelLabels(cam, { labels: tf.ones([1, 1]) }, { low: 0.25, high: 0.75, ignoreIndex: 9 });
  expect(await labels.array()).toEqual([[[0, 9, 9, 9, 1, 0]]]);
  expect(await regionMask(cam, tf.ones([1, 1]), { low: 0.25, high: 0.75 }).array()).toEqual([
    [[0, 1, 1, 2, 2, 0]],
  ]);
});

test('a token counts when its whole patch is real', async () => {
  const imgBox = tf.tensor2d([[0, 8, 3, 16]], [1, 4], 'int32');
  const targets = { labels: tf.ones([1, 1]), imgBox };
  const options = { grid: [2, 4] as const, ignoreIndex: 9 };
  const corrected = tokenLabels(tf.ones([1, 8, 16, 1]), targets, options);
  expect(await corrected.array()).toEqual([
    [
      [9, 1, 1, 1],
      [9, 1, 1, 1],
    ],
  ]);
  const reference = tokenLabels(tf.ones([1, 8, 16, 1]), targets, { ...options, behavior: 'reference' });
  expect(await reference.array()).toEqual([
    [
      [9, 9, 9, 1],
      [9, 9, 9, 1],
    ],
  ]);
});

describe.each([
  [1, 4, 4, 1],
  [2, 16, 8, 5],
  [3, 8, 12, 20],
] as const)('[%d,%d,%d,%d]', (b, h, w, c) => {
  const cam = (): tf.Tensor4D => randomCam([b, h, w, c], 1);
  const labels = (): tf.Tensor2D =>
    tf.tensor2d(
      Array.from({ length: b * c }, (_, i) => ((i * 7) % 3 ? 0 : 1)),
      [b, c],
    );

  test('the same labels from the planes of present classes alone', async () => {
    const flags = await labels().array();
    const present = flags.map((row) => row.flatMap((flag, index) => (flag ? [index] : [])));
    const width = Math.max(...present.map((list) => list.length)) + 1;
    const padded = present.map((list) => [...list, ...Array<number>(width - list.length).fill(-1)]);
    const classes = tf.tensor2d(padded, [b, width], 'int32');
    const planes = selectClasses(cam(), classes);
    const few = { labels: classLabels(classes), classes };
    await expectClose(regionMask(planes, few.labels), regionMask(cam(), labels()), {});
    await expectClose(
      pixelLabels(planes, few, { ignoreIndex }),
      pixelLabels(cam(), { labels: labels() }, { ignoreIndex }),
      {},
    );
    const grid = [h / 4, w / 4] as const;
    await expectClose(
      tokenLabels(planes, few, { grid, ignoreIndex }),
      tokenLabels(cam(), { labels: labels() }, { grid, ignoreIndex }),
      {},
    );
  });

  test('an absent class never becomes a label, and its values have no effect', async () => {
    const noise = tf.mul(randomCam([b, h, w, c], 2), tf.reshape(tf.sub(1, labels()), [b, 1, 1, c]));
    const disturbed = pixelLabels(tf.add(cam(), noise), { labels: labels() }, { ignoreIndex });
    await expectClose(disturbed, pixelLabels(cam(), { labels: labels() }, { ignoreIndex }), {});
  });
});

test('leaves nothing behind', async () => {
  const [cam, labels, imgBox] = [randomCam([1, 8, 8, 3], 1), tf.ones([1, 3]), tf.tensor2d([[0, 8, 0, 8]])];
  const classes = tf.tensor2d([[0, 2]], [1, 2], 'int32');
  await expectNoLeak(() => regionMask(cam, labels));
  await expectNoLeak(() => pixelLabels(cam, { labels, imgBox }, { ignoreIndex }));
  await expectNoLeak(() => tokenLabels(cam, { labels, imgBox }, { grid: [2, 2], ignoreIndex }));
  await expectNoLeak(() => selectClasses(cam, classes));
  await expectNoLeak(() => classLabels(classes));
});

test('names what does not fit', () => {
  expect(() => validCam(tf.zeros([1, 2, 2, 3]), tf.zeros([1, 4]))).toThrow(/validCam: labels/);
  expect(() =>
    tokenLabels(tf.zeros([1, 9, 9, 3]), { labels: tf.zeros([1, 3]) }, { grid: [2, 2], ignoreIndex }),
  ).toThrow(/9 × 9 does not divide into 2 × 2 tokens/);
});
