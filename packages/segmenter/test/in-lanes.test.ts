import { swin, vit, type Backbone } from '@toco/backbone';
import type { TensorTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak } from '@toco/testing';
import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { inLanes } from '@toco/graph';

beforeAll(() => initBackend());

const backbones: [string, Backbone<TensorTree>][] = [
  [
    'vit',
    vit({ imageSize: 16, patchSize: 4, dim: 12, depth: 4, heads: 3 }) as unknown as Backbone<TensorTree>,
  ],
  [
    'swin',
    swin({
      patchSize: 2,
      dim: 8,
      depths: [2, 2],
      heads: [2, 4],
      window: 2,
    }) as unknown as Backbone<TensorTree>,
  ],
];

test.each(backbones)('%s gives the same in parts of a batch as whole', async (_, backbone) => {
  const params = backbone.init(1);
  for (const [batch, lanes, parts] of [
    [4, 2, 2],
    [4, 3, 2],
    [3, 2, 1],
    [1, 2, 1],
  ] as const) {
    const images = tf.randomNormal([batch, 16, 16, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
    const sizes = new Set<number>();
    const wrapBlock: ReturnType<typeof inLanes> = (block) =>
      inLanes(lanes)((tokens, weights) => {
        sizes.add(tokens.shape[0]);
        return block(tokens, weights);
      });
    const [whole, split] = [backbone.apply(params, images), backbone.apply(params, images, { wrapBlock })];
    expect([...sizes]).toEqual([batch / parts]);
    for (const key of ['clsToken', 'patchTokens', 'auxTokens'] as const)
      await expectClose(split[key], whole[key], { absolute: 1e-5 });
  }
});

test('parts leave nothing behind', async () => {
  const double = inLanes(2)((tokens) => tf.add(tokens, tokens));
  const tokens = tf.ones<tf.Rank.R3>([4, 2, 2]);
  await expectNoLeak(() => {
    double(tokens, {}).dispose();
  });
});
