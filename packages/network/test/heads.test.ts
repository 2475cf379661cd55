import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, mapTree, valueAndGrad } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, gradientCheck } from '@toco/testing';
import { classify } from '../src/classifier.js';
import { decode } from '../src/decoder.js';
import { project } from '../src/projection-head.js';
import { rawCams } from '../src/raw-cams.js';
import { initDecoder } from '../src/decoder.js';
import { initProjectionHead } from '../src/projection-head.js';

await initBackend();

const normal = <R extends tf.Rank = tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed);

describe('classifier', () => {
  test('gradient of weight and tokens', async () => {
    const f = (weight: tf.Tensor, tokens: tf.Tensor): tf.Tensor =>
      classify({ weight: weight as tf.Tensor2D }, tokens as tf.Tensor3D);
    // Tokens apart from each other by more than the step: another maximum would be a kink.
    const tokens = tf.reshape(
      tf.tensor1d([...Array(48).keys()].map((i) => ((i * 29) % 48) / 12 - 2)),
      [2, 6, 4],
    );
    await gradientCheck(f, [normal([3, 4], 1), tokens], { relative: 1e-4 });
  });

  test('one of several equal tokens gets the gradient', async () => {
    const tokens = tf.ones<tf.Rank.R3>([1, 5, 2]);
    const gradient = tf.grad((x) => tf.sum(classify({ weight: tf.ones([1, 2]) }, x as tf.Tensor3D)))(tokens);
    await expectClose(tf.sum(gradient, 1), tf.ones([1, 2]), { absolute: 0 });
  });

  test('the order of the tokens does not matter', async () => {
    const params = { weight: normal<tf.Rank.R2>([3, 4], 1) };
    const tokens = normal<tf.Rank.R3>([2, 6, 4], 2);
    await expectClose(classify(params, tf.reverse(tokens, 1)), classify(params, tokens), { absolute: 0 });
  });
});

const positive = ({ weight }: { weight: tf.Tensor4D }): { weight: tf.Tensor4D } => ({
  weight: tf.abs(weight),
});

describe('decoder', () => {
  test.each([
    [1, 1],
    [4, 7],
    [13, 9],
  ])('logits of a %i×%i grid keep it', (h, w) => {
    const params = initDecoder({ numClasses: 4, dim: 3, decoderDim: 6 }, 0);
    expect(decode(params, normal([2, h, w, 3], 1)).shape).toEqual([2, h, w, 5]);
  });

  test('the dilation is how far the outer taps reach', async () => {
    const { conv6, conv7, conv8 } = initDecoder({ numClasses: 2, dim: 3, decoderDim: 4 }, 1);
    const features = tf.abs(normal<tf.Rank.R4>([1, 11, 11, 3], 2));
    const params = { conv6: positive(conv6), conv7: positive(conv7), conv8: positive(conv8) };
    for (const dilation of [1, 2, 5]) {
      const plain = (x: tf.Tensor4D, { weight }: { weight: tf.Tensor4D }): tf.Tensor4D =>
        tf.relu(tf.conv2d(x, weight, 1, 'same', 'NHWC', dilation));
      const hidden = plain(plain(features, params.conv6), params.conv7);
      const expected = tf.conv2d(hidden, params.conv8.weight, 1, 'same');
      await expectClose(decode(params, features, { dilation }), expected, { relative: 1e-5 });
    }
    await expectClose(decode(params, features), decode(params, features, { dilation: 5 }), { absolute: 0 });
  });

  test('gradient of all filters and features', async () => {
    // Every other channel is clearly positive, the others clearly negative: no value sits at the kink of a ReLU.
    const signs = tf.tensor1d([1, -1, 1, -1]);
    const signed = ({ weight }: { weight: tf.Tensor4D }): { weight: tf.Tensor4D } => ({
      weight: tf.mul(tf.add(tf.abs(weight), 0.1), signs),
    });
    const initial = initDecoder({ numClasses: 2, dim: 3, decoderDim: 4 }, 1);
    const filters = [signed(initial.conv6), signed(initial.conv7), initial.conv8].map(({ weight }) => weight);
    const features = tf.add(tf.abs(normal([2, 7, 6, 3], 3)), 0.5);
    const f = (x: tf.Tensor, ...weights: tf.Tensor[]): tf.Tensor => {
      const [conv6, conv7, conv8] = weights.map((weight) => ({ weight: weight as tf.Tensor4D }));
      return decode({ conv6: conv6!, conv7: conv7!, conv8: conv8! }, x as tf.Tensor4D);
    };
    await gradientCheck(f, [features, ...filters], { relative: 2e-4 });
  });

  test('it sees 20 tokens in each direction: two times dilation 5 to either side', async () => {
    const params = initDecoder({ numClasses: 1, dim: 1, decoderDim: 8 }, 2);
    const positive = mapTree(params, (leaf) => tf.abs(leaf));
    const gradient = tf.grad((x) => {
      const logits = decode(positive, x as tf.Tensor4D);
      return tf.sum(tf.slice(logits, [0, 12, 12, 0], [1, 1, 1, 1]));
    })(tf.ones<tf.Rank.R4>([1, 25, 25, 1]));
    const rows = await tf.greater(tf.sum(gradient, [0, 2, 3]), 0).array();
    const seen = (rows as unknown as number[]).flatMap((value, row) => (value ? [row] : []));
    expect(seen).toEqual([2, 7, 12, 17, 22]);
  });
});

describe('projection head', () => {
  const head = mapTree(initProjectionHead({ dim: 5, hidden: 7, bottleneck: 4, out: 6 }, 1), (leaf) =>
    // Larger than the initial weights, so that no gradient is lost in rounding.
    tf.add(leaf, tf.mul(normal(leaf.shape, leaf.size), 0.5)),
  );

  test('gradient of all weights and the token', async () => {
    const paths = [...flattenTree(head).keys()].filter((path) => path !== 'last_layer.weight_g');
    const leaves = paths.map((path) => flattenTree(head).get(path)!);
    const f = (token: tf.Tensor, ...values: tf.Tensor[]): tf.Tensor => {
      const moved = new Map(paths.map((path, i) => [path, values[i]!]));
      const params = mapTree(head, (leaf, path) => moved.get(path) ?? leaf);
      return project(params, token as tf.Tensor2D);
    };
    await gradientCheck(f, [normal([3, 5], 4), ...leaves], { relative: 5e-4 });
  });

  test('the lengths get no gradient', async () => {
    const { grads } = valueAndGrad(
      (p) => ({ loss: tf.sum(tf.square(project(p, normal([3, 5], 4)))), aux: {} }),
      head,
    );
    await expectClose(grads.last_layer.weight_g, tf.zeros([6, 1]), { absolute: 0 });
  });

  test('the length of weight_v does not matter, that of weight_g scales', async () => {
    const token = normal<tf.Rank.R2>([3, 5], 4);
    const { weight_g, weight_v } = head.last_layer;
    const scaled = {
      ...head,
      last_layer: { weight_g: tf.mul<tf.Tensor2D>(weight_g, 3), weight_v: tf.mul<tf.Tensor2D>(weight_v, 7) },
    };
    await expectClose(project(scaled, token), tf.mul(project(head, token), 3), { relative: 1e-6 });
  });
});

describe('raw CAMs', () => {
  const params = {
    classifier: { weight: normal<tf.Rank.R2>([3, 4], 1) },
    aux_classifier: { weight: normal<tf.Rank.R2>([3, 5], 2) },
  };
  const output = {
    patchTokens: normal<tf.Rank.R3>([2, 6, 4], 3),
    auxTokens: normal<tf.Rank.R3>([2, 24, 5], 4),
    grid: [2, 3],
    auxGrid: [4, 6],
  } as const;

  test('the grid of each, and the sum over features', async () => {
    const { cam, camAux } = rawCams(params, output);
    expect(cam.shape).toEqual([2, 2, 3, 3]);
    expect(camAux.shape).toEqual([2, 4, 6, 3]);
    const [token, weight] = [await output.patchTokens.array(), await params.classifier.weight.array()];
    const byHand = token[1]![4]!.reduce((sum, value, d) => sum + value * weight[2]![d]!, 0);
    expect((await cam.array())[1]![1]![1]![2]).toBeCloseTo(byHand, 5);
  });

  test('no gradient goes through', async () => {
    const { grads } = valueAndGrad(
      (p) => ({
        loss: tf.add(tf.sum(rawCams(p, output).cam), tf.sum(tf.mul(p.classifier.weight, normal([3, 4], 99)))),
        aux: {},
      }),
      params,
    );
    await expectClose(grads.classifier.weight, normal([3, 4], 99), { absolute: 0 });
    await expectClose(grads.aux_classifier.weight, tf.zeros([3, 5]), { absolute: 0 });
  });
});

test('nothing is left behind', async () => {
  const head = initProjectionHead({ dim: 3, hidden: 4, bottleneck: 2, out: 5 }, 0);
  const decoder = initDecoder({ numClasses: 2, dim: 3, decoderDim: 4 }, 0);
  const weight = normal<tf.Rank.R2>([2, 3], 1);
  const tokens = normal<tf.Rank.R3>([1, 4, 3], 2);
  const features = normal<tf.Rank.R4>([1, 2, 2, 3], 2);
  const token = normal<tf.Rank.R2>([1, 3], 3);
  const grid = [2, 2] as const;
  const classifiers = { classifier: { weight }, aux_classifier: { weight } };
  await expectNoLeak(() => classify({ weight }, tokens));
  await expectNoLeak(() => decode(decoder, features));
  await expectNoLeak(() => project(head, token));
  await expectNoLeak(() =>
    rawCams(classifiers, { patchTokens: tokens, auxTokens: tokens, grid, auxGrid: grid }),
  );
});

test('mistakes are one line', () => {
  expect(() => classify({ weight: normal([2, 3], 1) }, normal([1, 4, 5], 1))).toThrow(
    'classify: tokens has shape [1,4,5], expected [B,N,3]',
  );
});
