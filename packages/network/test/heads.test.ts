import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { mapTree, valueAndGrad } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { classify, decode, project, rawCams } from '../src/index.js';
import { initDecoder } from '../src/decoder.js';
import { initProjectionHead } from '../src/projection-head.js';
import { checkSlopes } from './check-slopes.js';

await initBackend();

const normal = <R extends tf.Rank = tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed);

/** A smooth scalar that hangs on every value. */
const weigh = (x: tf.Tensor): tf.Scalar => tf.sum(tf.mul(x, normal(x.shape, 99)));

describe('classifier', () => {
  test('gradient of weight and tokens', async () => {
    const params = { weight: normal<tf.Rank.R2>([3, 4], 1), tokens: normal<tf.Rank.R3>([2, 6, 4], 2) };
    await checkSlopes((p) => weigh(classify(p, p.tokens)), params, { step: 1e-3, tolerance: 2e-3 });
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

describe('decoder', () => {
  test.each([
    [1, 1],
    [4, 7],
    [13, 9],
  ])('logits of a %i×%i grid keep it', (h, w) => {
    const params = initDecoder({ numClasses: 4, dim: 3, decoderDim: 6 }, 0);
    expect(decode(params, normal([2, h, w, 3], 1)).shape).toEqual([2, h, w, 5]);
  });

  test('gradient of all filters and features', async () => {
    // Every other channel is clearly positive, the others clearly negative: no value sits at the kink of a ReLU.
    const signs = tf.tensor1d([1, -1, 1, -1]);
    const signed = ({ weight }: { weight: tf.Tensor4D }): { weight: tf.Tensor4D } => ({
      weight: tf.mul(tf.add(tf.abs(weight), 0.1), signs),
    });
    const initial = initDecoder({ numClasses: 2, dim: 3, decoderDim: 4 }, 1);
    const params = {
      conv6: signed(initial.conv6),
      conv7: signed(initial.conv7),
      conv8: initial.conv8,
      features: tf.add<tf.Tensor4D>(tf.abs(normal([2, 7, 6, 3], 3)), 0.5),
    };
    await checkSlopes((p) => weigh(decode(p, p.features)), params, { step: 1e-2, tolerance: 1e-3 });
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

  test('gradient of all weights and the token, but not of the lengths', async () => {
    const params = { ...head, token: normal<tf.Rank.R2>([3, 5], 4) };
    await checkSlopes((p) => weigh(project(p, p.token)), params, {
      constant: ['last_layer.weight_g'],
      step: 1e-2,
      tolerance: 5e-3,
    });
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
    const { grads } = valueAndGrad((p: typeof params) => ({
      loss: tf.add<tf.Scalar>(weigh(rawCams(p, output).cam), weigh(p.classifier.weight)),
      aux: {},
    }))(params);
    await expectClose(grads.classifier.weight, normal([3, 4], 99), { absolute: 0 });
    await expectClose(grads.aux_classifier.weight, tf.zeros([3, 5]), { absolute: 0 });
  });
});

test('nothing is left behind', () => {
  const head = initProjectionHead({ dim: 3, hidden: 4, bottleneck: 2, out: 5 }, 0);
  const decoder = initDecoder({ numClasses: 2, dim: 3, decoderDim: 4 }, 0);
  const weight = normal<tf.Rank.R2>([2, 3], 1);
  const tokens = normal<tf.Rank.R3>([1, 4, 3], 2);
  const features = normal<tf.Rank.R4>([1, 2, 2, 3], 2);
  const token = normal<tf.Rank.R2>([1, 3], 3);
  const grid = [2, 2] as const;
  const before = tf.memory().numTensors;
  const results = [classify({ weight }, tokens), decode(decoder, features), project(head, token)];
  const { cam, camAux } = rawCams(
    { classifier: { weight }, aux_classifier: { weight } },
    { patchTokens: tokens, auxTokens: tokens, grid, auxGrid: grid },
  );
  expect(tf.memory().numTensors).toBe(before + 5);
  tf.dispose([...results, cam, camAux]);
  expect(tf.memory().numTensors).toBe(before);
});

test('mistakes are one line', () => {
  expect(() => classify({ weight: normal([2, 3], 1) }, normal([1, 4, 5], 1))).toThrow(
    'classify: tokens has shape [1,4,5], expected [B,N,3]',
  );
});
