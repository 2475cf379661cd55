import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { childSeed, kaimingUniform, valueAndGrad } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { exportPretrained, loadPretrained } from '../src/pretrained.js';
import { imagenetMean, imagenetStd } from '@toco/core';
import { poolClassToken } from '../src/pool-class-token.js';
import type { Backbone, Grid } from '../src/backbone.js';

beforeAll(async () => {
  await initBackend();
});

/** A convolutional network of three layers: what somebody's own backbone looks like. */
interface ConvolutionalParams {
  stem: { weight: tf.Tensor4D };
  layers: { weight: tf.Tensor4D }[];
}

const filter = (
  seed: number,
  name: string,
  [inputs, outputs]: [number, number],
): { weight: tf.Tensor4D } => ({
  weight: kaimingUniform([3, 3, inputs, outputs], {
    fanIn: 9 * inputs,
    seed: childSeed(seed, name),
  }) as tf.Tensor4D,
});

const tokensOf = (features: tf.Tensor4D): { tokens: tf.Tensor3D; grid: Grid } => {
  const [batch, h, w, channels] = features.shape;
  return { tokens: tf.reshape(features, [batch, h * w, channels]), grid: [h, w] };
};

const convolutional: Backbone<ConvolutionalParams> = {
  name: 'convolutional',
  stride: 8,
  tokenDim: 16,
  auxDim: 12,
  classToken: 'pooled',
  mean: imagenetMean,
  std: imagenetStd,
  init: (seed) => ({
    stem: filter(seed, 'stem', [3, 8]),
    layers: [filter(seed, 'layers.0', [8, 12]), filter(seed, 'layers.1', [12, 16])],
  }),
  trainable: () => true,
  apply: ({ stem, layers }, images) => {
    const step = (x: tf.Tensor4D, { weight }: { weight: tf.Tensor4D }): tf.Tensor4D =>
      tf.relu(tf.conv2d(x, weight, 2, 'same'));
    const middle = step(step(images, stem), layers[0]!);
    const { tokens, grid } = tokensOf(step(middle, layers[1]!));
    const aux = tokensOf(middle);
    const clsToken = poolClassToken(tokens);
    return { clsToken, patchTokens: tokens, auxTokens: aux.tokens, grid, auxGrid: aux.grid };
  },
};

const images = (): tf.Tensor4D => tf.randomNormal([2, 32, 48, 3], 0, 1, 'float32', 1);

test('a plain object is a backbone, with a pooled class token and an auxiliary grid of its own', async () => {
  const output = convolutional.apply(convolutional.init(0), images());
  expect(output.grid).toEqual([4, 6]);
  expect(output.auxGrid).toEqual([8, 12]);
  expect(output.auxTokens.shape).toEqual([2, 96, 12]);
  await expectClose(output.clsToken, tf.mean(output.patchTokens, 1), { absolute: 0 });
});

test('its gradients have the tree of its parameters, arrays included', () => {
  const params = convolutional.init(0);
  const { grads } = valueAndGrad(
    (p) => ({ loss: tf.sum(tf.square(convolutional.apply(p, images()).clsToken)), aux: {} }),
    params,
  );
  expect(grads.layers[1]!.weight.shape).toEqual([3, 3, 12, 16]);
});

test('its weights are exported in the layout of PyTorch and come back', async () => {
  const arrays = await exportPretrained(convolutional.init(0), { prefix: 'net.' });
  expect(Object.entries(arrays).map(([name, { shape }]) => [name, shape])).toEqual([
    ['net.stem.weight', [8, 3, 3, 3]],
    ['net.layers.0.weight', [12, 8, 3, 3]],
    ['net.layers.1.weight', [16, 12, 3, 3]],
  ]);
  const { params } = loadPretrained(convolutional, convolutional.init(1), arrays, { prefix: 'net.' });
  const [actual, expected] = [params, convolutional.init(0)].map(
    (p) => convolutional.apply(p, images()).patchTokens,
  );
  await expectClose(actual!, expected!, { absolute: 0 });
});
