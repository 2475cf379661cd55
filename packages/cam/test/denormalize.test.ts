import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, fixture } from '@toco/testing';
import { denormalize } from '../src/denormalize.js';
import * as tf from '@tensorflow/tfjs-core';
import { labelSources } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const normalize = (levels: tf.Tensor): tf.Tensor =>
  tf.div(tf.sub(tf.div(levels, 255), tf.tensor1d([0.485, 0.456, 0.406])), tf.tensor1d([0.229, 0.224, 0.225]));

test('truncation equals the recorded levels', async () => {
  for (const [, g] of labelSources()) {
    const levels = denormalize(g['images']!, { rounding: 'truncate' });
    await expectClose(tf.div(levels, 255), g['images_denormalized']!, { absolute: 1e-7 });
  }
});

test('rounding equals the recorded levels, truncation does not', async () => {
  const { images } = fixture('pseudo_labels');
  const expected = fixture('pseudo_labels_corrected')['images_denormalized']!;
  await expectClose(tf.div(denormalize(images!, { rounding: 'nearest' }), 255), expected, { absolute: 1e-7 });
  const truncated = tf.div(denormalize(images!, { rounding: 'truncate' }), 255);
  await expect(expectClose(truncated, expected, { absolute: 1e-7 })).rejects.toThrow();
});

describe.each([
  [1, 2, 3],
  [2, 16, 8],
])('%d images of %d × %d', (b, h, w) => {
  test('nearest recovers every 8-bit level, none the levels up to 32 bits', async () => {
    const levels = tf.cast(tf.floor(tf.randomUniform([b, h, w, 3], 0, 256, 'float32', 1)), 'float32');
    await expectClose(denormalize(normalize(levels), { rounding: 'nearest' }), levels, {});
    await expectClose(denormalize(normalize(levels), { rounding: 'none' }), levels, { absolute: 1e-4 });
  });
});

test('takes another normalization, and leaves nothing behind', async () => {
  const x = tf.tensor4d([-1, 0, 1], [1, 1, 1, 3]);
  const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], rounding: 'nearest' } as const;
  await expectClose(denormalize(x, half), tf.tensor4d([0, 128, 255], [1, 1, 1, 3]), {});
  await expectNoLeak(() => denormalize(x, half));
});
