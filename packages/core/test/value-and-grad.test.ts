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

const loss = (p: ReturnType<typeof params>, x: tf.Tensor) =>
  valueAndGrad(({ layers }) => {
    const hidden = linear(x, layers[0]!.weight); // [1,1]
    const y = linear(hidden, layers[1]!.weight);
    return { loss: sum(tf.square(y)), aux: { hidden, outputs: { y }, input: x } };
  }, p);

test('a function written in place knows the parameters, and its results are typed', async () => {
  const { loss, aux, grads } = valueAndGrad(
    ({ scale, layers: [first, second], ...others }) => {
      // @ts-expect-error there is no such parameter
      expect(others.bias).toBeUndefined();
      const product = tf.matMul<tf.Tensor2D>(first.weight, second.weight);
      return { loss: tf.mul(sum(product), scale), aux: { product, parts: [scale] } };
    },
    {
      scale: tf.scalar(2),
      layers: [{ weight: tf.tensor2d([[1, 2]]) }, { weight: tf.tensor2d([[3], [4]]) }] as const,
    },
  );
  const typed: [tf.Scalar, tf.Tensor2D, tf.Scalar | undefined, tf.Scalar, tf.Tensor2D] = [
    loss,
    aux.product,
    aux.parts[0],
    grads.scale,
    grads.layers[0].weight,
  ];
  expect(await Promise.all(typed.map(async (tensor) => [...(await tensor!.data())]))).toEqual([
    [22],
    [11],
    [2],
    [11],
    [6, 8],
  ]);
  // @ts-expect-error there is no such parameter
  expect(grads.bias).toBeUndefined();
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
  const { grads } = valueAndGrad(({ a }) => ({ loss: sum(detach(a)), aux: {} }), {
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
  const { grads } = valueAndGrad(
    ({ a, b }) => ({ loss: sum(tf.add(add(a, b), tf.add(tf.mul(a, 2), tf.mul(b, 3)))), aux: {} }),
    { a: tf.tensor1d([1, 1]), b: tf.tensor1d([1, 1]) },
  );
  expect([...(await grads.a.data()), ...(await grads.b.data())]).toEqual([3, 3, 4, 4]);
});

test('a loss that is not a scalar is refused', () => {
  const doubled = () =>
    valueAndGrad(({ a }) => ({ loss: tf.mul(a, 2), aux: {} }), { a: tf.tensor1d([1, 2]) });
  expect(doubled).toThrow('valueAndGrad: the loss has shape [2], expected []');
});

test('nothing stays behind where the backward pass fails', async () => {
  const a = tf.tensor1d([1, 2]);
  const failing = () =>
    valueAndGrad(
      (p) => {
        const compared = tf.cast(tf.greater(p.a, 0), 'float32');
        return { loss: sum(compared), aux: { compared } };
      },
      { a },
    );
  await expectNoLeak(() => {
    expect(failing).toThrow();
  });
});
