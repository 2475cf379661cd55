import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, mapTree, valueAndGrad } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { checkedOperations, expectClose, expectNoLeak, gradientCheck, randomTensor } from '@toco/testing';
import { attend, attentionProbabilities } from '../src/attention.js';
import { vit } from '../src/vit.js';
import type { VitParams } from '../src/vit-params.js';

const operations = new Set<string>();

const backbone = vit({ imageSize: 16, patchSize: 4, dim: 6, depth: 2, heads: 2, auxBlock: 0 });

/** Larger than the initial weights, so that no gradient is lost in rounding. */
const roughened = (): VitParams =>
  mapTree(backbone.init(3), (leaf, path) => tf.add(leaf, tf.mul(randomTensor(leaf.shape, path.length), 0.3)));

/** All results in one vector. */
const features = (params: VitParams, images: tf.Tensor4D): tf.Tensor1D => {
  const { clsToken, patchTokens, auxTokens } = backbone.apply(params, images);
  return tf.concat([clsToken, patchTokens, auxTokens].map((x) => tf.reshape(x, [-1])));
};

beforeAll(async () => {
  await initBackend();
});

afterEach(async () => {
  await tf.setBackend('tensorflow');
});

const classTokens = (params: VitParams, images: tf.Tensor4D): tf.Tensor => backbone.clsToken(params, images);

test.each([
  ['whole encoder', features],
  ['class tokens alone', classTokens],
])('finite differences: %s, images and every parameter, on another grid', async (_, results) => {
  const params = roughened();
  const paths = [...flattenTree(params).keys()].filter((path) => path !== 'pos_embed');
  const leaves = paths.map((path) => flattenTree(params).get(path)!);
  const f = (images: tf.Tensor, ...values: tf.Tensor[]): tf.Tensor => {
    const moved = new Map(paths.map((path, i) => [path, values[i]!]));
    return results(
      mapTree(params, (leaf, path) => moved.get(path) ?? leaf),
      images as tf.Tensor4D,
    );
  };
  const options = { relative: 1e-3, step: 0.01, directions: 2, entries: 0 };
  const report = await gradientCheck(f, [randomTensor([2, 12, 8, 3], 5), ...leaves], options);
  report.operations.forEach((operation) => operations.add(operation));
});

test.each([
  ['tensorflow', 1, 1, 1, 4],
  ['tensorflow', 2, 5, 3, 2],
  ['tensorflow', 1, 7, 2, 3],
  ['cpu', 2, 3, 2, 2],
])('finite differences: attention on %s, B=%i, T=%i, heads=%i, d=%i', async (backend, B, T, heads, d) => {
  await tf.setBackend(backend);
  const qkv = randomTensor([B, T, 3 * heads * d], 1);
  const report = await gradientCheck((x) => attend(x as tf.Tensor3D, heads), [qkv], { relative: 2e-4 });
  report.operations.forEach((operation) => operations.add(operation));
});

test.each([
  ['tensorflow', 4, 2, 5],
  ['tensorflow', 3, 1, 4],
  ['cpu', 2, 2, 3],
])('finite differences: attention with offsets on %s, B=%i, G=%i, T=%i', async (backend, B, G, T) => {
  await tf.setBackend(backend);
  const inputs = [randomTensor([B, T, 12], 1), randomTensor([G, 2, T, T], 2)];
  const f = (x: tf.Tensor, offset: tf.Tensor): tf.Tensor =>
    attend(x as tf.Tensor3D, 2, offset as tf.Tensor4D);
  const report = await gradientCheck(f, inputs, { relative: 2e-4 });
  report.operations.forEach((operation) => operations.add(operation));
});

test('the cpu backend gives the same features', async () => {
  const [params, images] = [roughened(), randomTensor([2, 12, 8, 3], 5) as tf.Tensor4D];
  const expected = features(params, images);
  const values = await expected.data();
  await tf.setBackend('cpu');
  await expectClose(features(params, images), tf.tensor1d(values), { relative: 1e-5 });
});

test('class tokens alone have the gradient of the whole pass', async () => {
  const [params, images] = [roughened(), randomTensor([2, 12, 8, 3], 5) as tf.Tensor4D];
  const gradientOf = (clsToken: (p: VitParams) => tf.Tensor): Map<string, tf.Tensor> =>
    flattenTree(valueAndGrad((p) => ({ loss: tf.sum(tf.exp(clsToken(p))), aux: {} }), params).grads);
  const whole = gradientOf((p) => backbone.apply(p, images).clsToken);
  const alone = gradientOf((p) => backbone.clsToken(p, images));
  for (const [path, gradient] of whole)
    await expectClose(alone.get(path)!, gradient, { relative: 1e-5, absolute: 1e-5 });
});

test("CLIP's parts: gradients of the norm before the blocks, quick GELU and the projection", async () => {
  const clip = vit({
    ...{ imageSize: 16, patchSize: 4, dim: 6, depth: 2, heads: 2, auxBlock: 0, preNorm: true },
    ...{ activation: 'quickGelu', projection: 5, layerNormEpsilon: 1e-5 },
  });
  const initial = clip.init(3);
  expect(initial.patch_embed.proj).not.toHaveProperty('bias');
  expect(clip).toMatchObject({ tokenDim: 5, auxDim: 6 });
  const rough = mapTree(initial, (leaf) =>
    tf.add(leaf, randomTensor(leaf.shape, leaf.size, { low: -0.3, high: 0.3 })),
  );
  const images = randomTensor([1, 16, 8, 3], 4) as tf.Tensor4D;
  const output = clip.apply(rough, images);
  expect([output.clsToken.shape, output.patchTokens.shape, output.auxTokens.shape]).toEqual([
    [1, 5],
    [1, 8, 5],
    [1, 8, 6],
  ]);
  const leaves = [...flattenTree(rough)].filter(([path]) =>
    /^(norm_pre|head|blocks\.0\.mlp\.fc1|patch_embed)/.test(path),
  );
  await gradientCheck(
    (...values) => {
      const changed = new Map(leaves.map(([path], i) => [path, values[i]!]));
      const params = mapTree(rough, (leaf, path) => changed.get(path) ?? leaf);
      const { clsToken, patchTokens } = clip.apply(params, images);
      return tf.concat([clsToken, tf.squeeze(patchTokens, [0])], 0);
    },
    leaves.map(([, leaf]) => leaf),
    { relative: 1e-3 },
  );
  await expectClose(clip.clsToken(rough, images), output.clsToken, { relative: 1e-5 });
});

test('positions get no gradient', async () => {
  const { grads } = valueAndGrad(
    (p) => ({ loss: tf.sum(features(p, randomTensor([1, 16, 16, 3], 1) as tf.Tensor4D)), aux: {} }),
    roughened(),
  );
  await expectClose(grads.pos_embed, tf.zeros([1, 17, 6]), { absolute: 0 });
});

test('attention: rows of the probabilities sum to 1, and tokens in another order give that order', async () => {
  const qkv = randomTensor([2, 7, 24], 8) as tf.Tensor3D;
  await expectClose(tf.sum(attentionProbabilities(qkv, 2), -1), tf.ones([2, 2, 7]), { absolute: 1e-6 });
  const order = tf.tensor1d([3, 0, 6, 1, 5, 2, 4], 'int32');
  const permuted = attend(tf.gather(qkv, order, 1), 2);
  await expectClose(permuted, tf.gather(attend(qkv, 2), order, 1), { absolute: 1e-6 });
});

test('attention over many tokens, a few heads at a time, is that of each head by itself', async () => {
  const [T, D] = [1200, 4]; // 2 · 1200² scores are more than are computed at once, 1200² are not
  const [qkv, dy] = [randomTensor([1, T, 3 * D], 9) as tf.Tensor3D, randomTensor([1, T, D], 10)];
  const headOf = (x: tf.Tensor3D, part: number): tf.Tensor3D =>
    tf.concat(
      [0, 1, 2].map((i) => tf.slice(x, [0, 0, i * D + (part * D) / 2], [1, T, D / 2])),
      2,
    );
  const byHead = (x: tf.Tensor3D): tf.Tensor3D =>
    tf.concat([attend(headOf(x, 0), 1), attend(headOf(x, 1), 1)], 2);
  await expectClose(attend(qkv, 2), byHead(qkv), { absolute: 1e-6 });
  const gradient = tf.grad((x: tf.Tensor) => attend(x as tf.Tensor3D, 2))(qkv, dy);
  const expected = tf.grad((x: tf.Tensor) => byHead(x as tf.Tensor3D))(qkv, dy);
  await expectClose(gradient, expected, { absolute: 1e-5 });
  await expectNoLeak(() => ({ gradient: tf.grad((x: tf.Tensor) => attend(x as tf.Tensor3D, 2))(qkv, dy) }));
});

test('value and gradient leave nothing else behind', async () => {
  const params = roughened();
  const images = randomTensor([1, 8, 8, 3], 1) as tf.Tensor4D;
  await expectNoLeak(() =>
    valueAndGrad((p) => ({ loss: tf.sum(tf.square(features(p, images))), aux: {} }), params),
  );
});

afterAll(() => {
  const own = [...operations].filter((operation) => operation.startsWith('backbone/'));
  expect(own).toEqual(checkedOperations.filter((name) => name.startsWith('backbone/')));
});
