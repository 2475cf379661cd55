import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { mapTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { attend, attentionProbabilities } from '../src/attention.js';
import { vit } from '../src/index.js';
import { checkSlopes } from './check-slopes.js';

beforeAll(async () => {
  await initBackend();
});

const normal = <S extends number[]>(shape: S, seed: number): tf.Tensor =>
  tf.randomNormal(shape, 0, 1, 'float32', seed);

test('whole encoder: every parameter against finite differences, positions get none', async () => {
  const backbone = vit({ imageSize: 16, patchSize: 4, dim: 6, depth: 3, heads: 2, auxBlock: 1 });
  // Larger than the initial weights, so that no gradient is lost in rounding.
  const params = mapTree(backbone.init(3), (leaf) =>
    tf.add(leaf, tf.mul(normal(leaf.shape, leaf.size), 0.3)),
  );
  const images = normal([2, 16, 12, 3], 4) as tf.Tensor4D; // another grid than that of the positions
  const weights = { cls: normal([2, 6], 5), patch: normal([2, 12, 6], 6), aux: normal([2, 12, 6], 7) };
  const loss = (p: typeof params): tf.Scalar => {
    const { clsToken, patchTokens, auxTokens } = backbone.apply(p, images);
    const terms = [
      tf.mul(clsToken, weights.cls),
      tf.mul(patchTokens, weights.patch),
      tf.mul(auxTokens, weights.aux),
    ];
    return tf.addN(terms.map((term) => tf.sum<tf.Scalar>(term)));
  };
  await checkSlopes(loss, params, { constant: ['pos_embed'], step: 1e-2, tolerance: 2e-3 });
});

test.each([
  [1, 1, 1, 4],
  [2, 5, 3, 2],
  [3, 17, 2, 8],
])(
  'attention of shape B=%i T=%i heads=%i d=%i: value and gradient of the single operations',
  async (B, T, heads, d) => {
    const qkv = normal([B, T, 3 * heads * d], 1) as tf.Tensor3D;
    const weight = normal([B, T, heads * d], 2);
    const plain = (x: tf.Tensor3D): tf.Tensor => {
      const split = tf.transpose(tf.reshape(x, [B, T, 3, heads, d]), [2, 0, 3, 1, 4]);
      const [q, k, v] = [0, 1, 2].map((i) =>
        tf.reshape(tf.slice(split, [i, 0, 0, 0, 0], [1, B, heads, T, d]), [B, heads, T, d]),
      ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const p = tf.softmax(tf.div(tf.matMul(q, k, false, true), Math.sqrt(d)));
      return tf.reshape(tf.transpose(tf.matMul(p, v), [0, 2, 1, 3]), [B, T, heads * d]);
    };
    await expectClose(attend(qkv, heads), plain(qkv), { relative: 1e-6 });
    const gradient = (f: (x: tf.Tensor3D) => tf.Tensor): tf.Tensor =>
      tf.grad((x) => tf.sum(tf.mul(f(x as tf.Tensor3D), weight)))(qkv);
    await expectClose(
      gradient((x) => attend(x, heads)),
      gradient(plain),
      { relative: 2e-6, absolute: 1e-6 },
    );
  },
);

test('attention: rows of the probabilities sum to 1, and tokens in another order give that order', async () => {
  const qkv = normal([2, 7, 24], 8) as tf.Tensor3D;
  await expectClose(tf.sum(attentionProbabilities(qkv, 2), -1), tf.ones([2, 2, 7]), { absolute: 1e-6 });
  const order = tf.tensor1d([3, 0, 6, 1, 5, 2, 4], 'int32');
  const permuted = attend(tf.gather(qkv, order, 1), 2);
  await expectClose(permuted, tf.gather(attend(qkv, 2), order, 1), { absolute: 1e-6 });
});

test('the gradient of the encoder leaves nothing behind', () => {
  const backbone = vit({ imageSize: 8, patchSize: 4, dim: 6, depth: 3, heads: 2 });
  const params = backbone.init(0);
  const images = normal([1, 8, 8, 3], 1) as tf.Tensor4D;
  const before = tf.memory().numTensors;
  const weight = params.blocks[0]!.attn.qkv.weight;
  const result = tf.valueAndGrad((x) => {
    const block = {
      ...params.blocks[0]!,
      attn: { ...params.blocks[0]!.attn, qkv: { ...params.blocks[0]!.attn.qkv, weight: x as tf.Tensor2D } },
    };
    return tf.sum(
      tf.square(backbone.apply({ ...params, blocks: { ...params.blocks, 0: block } }, images).auxTokens),
    );
  })(weight);
  expect(tf.memory().numTensors).toBe(before + 2);
  tf.dispose([result.value, result.grad]);
  expect(tf.memory().numTensors).toBe(before);
});
