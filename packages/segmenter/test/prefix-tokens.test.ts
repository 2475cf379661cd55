import { beforeAll, expect, test } from '@jest/globals';
import { swin, vit, type Backbone } from '@toco/backbone';
import { createNetwork } from '@toco/network';
import type { TensorTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose, randomTensor } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { normalized } from '../src/forward/normalized.js';
import { tokenSimilarities } from '../src/forward/token-similarity.js';
import { networkPass } from '../src/passes/network-pass.js';

beforeAll(() => initBackend());

const sizes = { imageSize: 32, patchSize: 8, dim: 12, depth: 3, heads: 2 };
const stages = { dim: 8, depths: [1, 2], heads: [1, 2], window: 2 };

test.each([
  { what: 'a class token', backbone: vit(sizes), prefix: 1 },
  { what: 'class and register tokens', backbone: vit({ ...sizes, registerTokens: 4 }), prefix: 5 },
  { what: 'no tokens', backbone: swin(stages), prefix: 0 },
])('token similarity leaves out $what before the patches', async ({ backbone: given, prefix }) => {
  const backbone = given as unknown as Backbone<TensorTree>;
  const network = createNetwork({
    backbone,
    numClasses: 3,
    decoderDim: 4,
    projection: { hidden: 8, bottleneck: 4, out: 8 },
  });
  const { params } = network.init(5);
  const images = tf.mul(randomTensor([2, 32, 32, 3], 2), 255) as tf.Tensor4D;
  const { similarity, segLogits } = networkPass(network, params, {
    images,
    wanted: ['segLogits', 'similarity'],
  });
  const { taps, grid } = network.forward(params, normalized(images, backbone), { taps: ['tokens'] });
  const expected = taps!.tokens!.map((tokens) => tokenSimilarities(tf.slice(tokens, [0, prefix, 0])));
  expect(expected).toHaveLength(3);
  await expectClose(similarity!, tf.stack(expected, 1), { absolute: 1e-6 });
  expect(segLogits!.shape).toEqual([2, ...grid, 4]);
});
