import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, fixture } from '@toco/testing';
import { cropFlags } from '../../src/crops/crop-flags.js';
import { cutCrops } from '../../src/crops/cut-crops.js';
import { drawCrops } from '../../src/crops/draw-crops.js';
import { eligibleCenters } from '../../src/crops/eligible-centers.js';
import { regionMask } from '../../src/region-mask.js';
import * as tf from '@tensorflow/tfjs-core';
import { countPerImage } from '../seeded.js';
import { trajectorySteps } from '../sources.js';

beforeAll(async () => {
  await initBackend();
});

const crops = { cropSize: 24, numCrops: 8 };
const noiseOf = (shape: [number, number, number], seed: number): tf.Tensor =>
  tf.randomUniform(shape, 0, 1, 'float32', seed);

describe('eligible centers', () => {
  test('equal the recorded ones: the usual case, the whole box foreground, the box too small', async () => {
    const g = fixture('pseudo_labels_corrected');
    const targets = [g['draw_roi_mask']!, g['draw_img_box']!] as const;
    const expected = g['draw_centres']!;
    await expectClose(tf.cast(eligibleCenters(...targets, crops), 'int32'), expected, {});
    const reference = eligibleCenters(...targets, { ...crops, behavior: 'reference' });
    await expect(expectClose(tf.cast(reference, 'int32'), expected, {})).rejects.toThrow();
  });

  test.each(['reference', 'corrected'] as const)(
    '%s: the crops of the training runs are among them',
    async (behavior) => {
      for (const g of trajectorySteps(behavior)) {
        const region = regionMask(g['cam_aux']!, g['labels']!);
        const eligible = await tf
          .cast(eligibleCenters(region, g['img_box']!, { ...crops, behavior }), 'int32')
          .array();
        const origins = (await g['crop_origins']!.array()) as [number, number][][];
        origins.forEach((image, b) => {
          for (const [y, x] of image) expect(eligible[b]![y + 12]![x + 12]).toBe(1);
        });
      }
    },
  );

  test('reference: padding qualifies; all border-valid pixels where too few do', async () => {
    const region = tf.concat([tf.zeros([1, 40, 40], 'int32'), tf.fill([1, 40, 40], 2, 'int32')]);
    const imgBox = tf.tensor2d(
      [
        [10, 20, 0, 40],
        [10, 20, 0, 40],
      ],
      [2, 4],
      'int32',
    );
    const reference = eligibleCenters(region, imgBox, { ...crops, behavior: 'reference' });
    expect(await countPerImage(reference)).toEqual([16 * 16, 16 * 16]);
    // inside the box: rows 12 … 19 of the border-valid 12 … 27
    expect(await countPerImage(eligibleCenters(region, imgBox, crops))).toEqual([8 * 16, 8 * 16]);
  });

  test('a uniform box without room falls back to all border-valid pixels', async () => {
    const imgBox = tf.tensor2d([[0, 40, 0, 5]], [1, 4], 'int32');
    const eligible = eligibleCenters(tf.zeros([1, 40, 40], 'int32'), imgBox, crops);
    expect(await countPerImage(eligible)).toEqual([16 * 16]);
  });
});

describe('drawn crops', () => {
  test('are distinct, eligible and inside the view', async () => {
    const eligible = tf.greater(noiseOf([3, 40, 50], 1), 0.9);
    const twos = tf.fill([3, 40, 50], 2, 'int32');
    const inView = eligibleCenters(
      tf.where(eligible, tf.zerosLike(twos), twos),
      tf.tensor2d([
        [0, 40, 0, 50],
        [0, 40, 0, 50],
        [0, 40, 0, 50],
      ]),
      crops,
    );
    const mask = await tf.cast(inView, 'int32').array();
    const origins = (await drawCrops(inView, noiseOf([3, 40, 50], 2), crops).array()) as [number, number][][];
    origins.forEach((image, b) => {
      expect(new Set(image.map(String)).size).toBe(8);
      for (const [y, x] of image) {
        expect(mask[b]![y + 12]![x + 12]).toBe(1);
        expect(y >= 0 && y <= 40 - 24 - 1 && x >= 0 && x <= 50 - 24 - 1).toBe(true);
      }
    });
  });

  test('are the largest values of the noise, and every center is drawn about as often', async () => {
    const draws = 400;
    const size = 8;
    const small = { cropSize: 4, numCrops: 2 };
    const region = tf.zeros([draws, size, size], 'int32');
    const imgBox = tf.tile(tf.tensor2d([[0, size, 0, size]], [1, 4], 'int32'), [draws, 1]);
    const origins = drawCrops(eligibleCenters(region, imgBox, small), noiseOf([draws, size, size], 3), small);
    const counts = new Map<string, number>();
    for (const image of (await origins.array()) as [number, number][][])
      for (const origin of image) counts.set(String(origin), (counts.get(String(origin)) ?? 0) + 1);
    expect(counts.size).toBe(16);
    // 800 draws over 16 centers: 50 each, standard deviation 6.6
    for (const count of counts.values()) expect(Math.abs(count - 50)).toBeLessThan(30);
  });
});

describe('crop flags', () => {
  test('equal the recorded ones of the corrected behavior', async () => {
    const g = { ...fixture('pseudo_labels'), ...fixture('pseudo_labels_corrected') };
    const targets = { origins: g['crop_origins']!, imgBox: g['img_box']! };
    const region = g['roi_mask']!;
    await expectClose(cropFlags(region, targets, { cropSize: 24 }), g['crop_flags']!, {});
  });

  test.each(['reference', 'corrected'] as const)('equal those of the training runs, %s', async (behavior) => {
    for (const g of trajectorySteps(behavior)) {
      const region = regionMask(g['cam_aux']!, g['labels']!);
      const targets = { origins: g['crop_origins']!, imgBox: g['img_box']! };
      await expectClose(cropFlags(region, targets, { cropSize: 24, behavior }), g['crop_flags']!, {});
    }
  });

  test('padding lowers the mean in the reference alone', async () => {
    // a quarter of the crop is real, and uncertain there: mean 0.25 · 0.6 = 0.15 with padding, 0.6 without
    const region = tf.mul(
      tf.ones([1, 20, 20], 'int32'),
      tf.reshape(
        tf.tensor1d([0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0], 'int32'),
        [1, 1, 20],
      ),
    );
    const targets = {
      origins: tf.tensor3d([[[0, 0]]], [1, 1, 2], 'int32'),
      imgBox: tf.tensor2d([[15, 20, 0, 20]], [1, 4], 'int32'),
    };
    const masked = tf.where(
      tf.reshape(tf.greaterEqual(tf.range(0, 20), 15), [1, 20, 1]),
      region,
      tf.zerosLike(region),
    );
    const flag = async (behavior: 'reference' | 'corrected'): Promise<number> =>
      (await cropFlags(masked, targets, { cropSize: 20, behavior, numGlobals: 0 }).data())[0]!;
    expect(await flag('reference')).toBe(0);
    expect(await flag('corrected')).toBe(1);
  });

  test('foreground counts 2, and a mean at the threshold is negative', async () => {
    const region = tf.tensor3d([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 4, 4], 'int32');
    const targets = {
      origins: tf.tensor3d([[[0, 0]]], [1, 1, 2], 'int32'),
      imgBox: tf.tensor2d([[0, 4, 0, 4]], [1, 4], 'int32'),
    };
    const flags = (threshold: number): Promise<unknown> =>
      cropFlags(region, targets, { cropSize: 4, threshold }).array();
    expect(await flags(0.125)).toEqual([[1, 1, 0]]);
    expect(await flags(0.124)).toEqual([[1, 1, 1]]);
  });
});

describe.each([
  [1, 1, 6, 8, 2],
  [3, 4, 12, 9, 5],
])('%d images, %d crops', (batch, count, height, width, size) => {
  test('are exact copies, view-major', async () => {
    const source = tf.randomNormal([batch, height, width, 3], 0, 1, 'float32', 1);
    const places = Array.from({ length: batch }, (_, b) =>
      Array.from({ length: count }, (_, p): [number, number] => [
        (b * 3 + p * 2) % (height - size),
        (b + p * 5) % (width - size),
      ]),
    );
    const cut = cutCrops(source, tf.tensor3d(places, [batch, count, 2], 'int32'), size);
    expect(cut.shape).toEqual([count * batch, size, size, 3]);
    for (let p = 0; p < count; p++)
      for (let b = 0; b < batch; b++) {
        const [y, x] = places[b]![p]!;
        const expected = tf.slice(source, [b, y, x, 0], [1, size, size, 3]);
        await expectClose(tf.slice(cut, [p * batch + b, 0, 0, 0], [1, -1, -1, -1]), expected, {});
      }
  });
});

test('nothing is left behind', async () => {
  const region = tf.zeros([1, 40, 40], 'int32');
  const imgBox = tf.tensor2d([[0, 40, 0, 40]], [1, 4], 'int32');
  const eligible = eligibleCenters(region, imgBox, crops);
  const noise = noiseOf([1, 40, 40], 1);
  const origins = drawCrops(eligible, noise, crops);
  const source = tf.zeros([1, 40, 40, 3]);
  await expectNoLeak(() => eligibleCenters(region, imgBox, crops));
  await expectNoLeak(() => drawCrops(eligible, noise, crops));
  await expectNoLeak(() => cropFlags(region, { origins, imgBox }, { cropSize: 24 }));
  await expectNoLeak(() => cutCrops(source, origins, 24));
});

test('names what does not fit', () => {
  const box = tf.zeros([1, 4], 'int32');
  expect(() => eligibleCenters(tf.zeros([1, 40, 40]), box, { cropSize: 25, numCrops: 8 })).toThrow(
    /25 is not even/,
  );
  expect(() => eligibleCenters(tf.zeros([1, 26, 27]), box, crops)).toThrow(/6 centers for 8 crops of 24/);
  expect(() => drawCrops(tf.zeros([1, 40, 40]), tf.zeros([1, 40, 41]), crops)).toThrow(/drawCrops: noise/);
});
