import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from '../src/custom-gradient.js';
import { detach } from '../src/detach.js';
import { linear } from '../src/linear.js';
import { sum } from '../src/reduce.js';
import { valueAndGrad } from '../src/value-and-grad.js';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';

beforeAll(async () => {
  await initBackend();
});

const params = () => ({
  layers: [{ weight: tf.tensor2d([[1, 2]]) }, { weight: tf.tensor2d([[3]]), unused: tf.ones([2, 2]) }],
});

const loss = valueAndGrad((p: ReturnType<typeof params>, x: tf.Tensor) => {
  const hidden = linear(x, p.layers[0]!.weight); // [1,1]
  const y = linear(hidden, p.layers[1]!.weight);
  return { loss: sum(tf.square(y)), aux: { hidden, outputs: { y }, input: x } };
});

test('loss, gradients of the same tree, other results', async () => {
  const x = tf.tensor2d([[5, 7]]);
  const result = loss(params(), x);
  const values = async (t: tf.Tensor) => [...(await t.data())];
  expect(result.loss.shape).toEqual([]);
  expect(await values(result.loss)).toEqual([57 ** 2]);
  expect(await values(result.grads.layers[0]!.weight)).toEqual([2 * 57 * 3 * 5, 2 * 57 * 3 * 7]);
  expect(await values(result.grads.layers[1]!.weight)).toEqual([2 * 57 * 19]);
  expect(await values(result.aux.hidden)).toEqual([19]);
  expect(await values(result.aux.outputs.y)).toEqual([57]);
});

test('a leaf that the loss does not depend on gets zeros', async () => {
  const { grads } = loss(params(), tf.tensor2d([[5, 7]]));
  const unused = grads.layers[1]!.unused!;
  expect(unused.shape).toEqual([2, 2]);
  expect([...(await unused.data())]).toEqual([0, 0, 0, 0]);
});

test('all leaves get zeros from a constant loss', async () => {
  const { grads } = valueAndGrad((p: { a: tf.Tensor }) => ({ loss: sum(detach(p.a)), aux: {} }))({
    a: tf.tensor1d([1, 2]),
  });
  expect([...(await grads.a.data())]).toEqual([0, 0]);
});

test('leaves nothing behind but its result, and none of it belongs to the caller', async () => {
  const p = params();
  const x = tf.tensor2d([[5, 7]]);
  await expectNoLeak(() => loss(p, x));
  await expectNoLeak(() =>
    tf.tidy(() => {
      const { grads, aux } = loss(p, x);
      return [grads.layers[0]!.weight, aux.hidden];
    }),
  );
  // Even though `input` was returned and disposed as a result, and a tidy has ended around it:
  expect([...(await x.data())]).toEqual([5, 7]);
});

test('two inputs may share one gradient', async () => {
  const add = (a: tf.Tensor, b: tf.Tensor) =>
    customGradient(
      [a, b],
      () => tf.add(a, b),
      (dy) => [dy, dy],
    );
  const f = valueAndGrad(({ a, b }: { a: tf.Tensor; b: tf.Tensor }) => ({
    loss: sum(tf.add(add(a, b), tf.add(tf.mul(a, 2), tf.mul(b, 3)))),
    aux: {},
  }));
  const { grads } = f({ a: tf.tensor1d([1, 1]), b: tf.tensor1d([1, 1]) });
  expect([...(await grads.a.data()), ...(await grads.b.data())]).toEqual([3, 3, 4, 4]);
});

test('a loss that is not a scalar is refused', () => {
  const f = valueAndGrad((p: { a: tf.Tensor }) => ({ loss: tf.mul(p.a, 2), aux: {} }));
  expect(() => f({ a: tf.tensor1d([1, 2]) })).toThrow('valueAndGrad: the loss has shape [2], expected []');
});

test('nothing stays behind where the backward pass fails', async () => {
  const f = valueAndGrad((p: { a: tf.Tensor }) => {
    const compared = tf.cast(tf.greater(p.a, 0), 'float32');
    return { loss: sum(compared), aux: { compared } };
  });
  const a = tf.tensor1d([1, 2]);
  await expectNoLeak(() => {
    expect(() => f({ a })).toThrow();
  });
});
