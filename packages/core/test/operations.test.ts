import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as core from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, randomTensor, recordKernels } from '@toco/testing';
import { gradientCases } from './gradient-cases.js';

beforeAll(async () => {
  await initBackend();
});

const values = async (x: tf.Tensor): Promise<number[]> => [...(await x.data())];

/** Φ(x) by Simpson's rule on the density, in 64 bits. */
function normalCumulative(x: number): number {
  const n = 2000;
  const h = x / n;
  let total = 0;
  for (let i = 0; i <= n; i++) {
    const weight = i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2;
    total += weight * Math.exp(-0.5 * (i * h) ** 2);
  }
  return 0.5 + (total * h) / 3 / Math.sqrt(2 * Math.PI);
}

test('gelu is x·Φ(x) to float accuracy', async () => {
  const x = Array.from({ length: 121 }, (_, i) => Math.fround((i - 60) / 10));
  const expected = x.map((v) => v * normalCumulative(v));
  // 1 + erf is rounded at 1.2e-7, halved, and multiplied by up to 6.
  await expectClose(core.gelu(tf.tensor1d(x)), tf.tensor1d(expected), { absolute: 6e-7 });
});

test('quickGelu is x·σ(1.702 x) to float accuracy', async () => {
  const x = Array.from({ length: 121 }, (_, i) => Math.fround((i - 60) / 10));
  const expected = x.map((v) => v / (1 + Math.exp(-1.702 * v)));
  await expectClose(core.quickGelu(tf.tensor1d(x)), tf.tensor1d(expected), { absolute: 1e-6 });
});

const fused = (): Parameters<typeof core.fusedLinear> => [
  randomTensor([2, 5, 12], 1, { low: -2, high: 2 }),
  { weight: randomTensor([7, 12], 2), bias: randomTensor([7], 3) },
  {
    norm: { weight: randomTensor([12], 4), bias: randomTensor([12], 5), epsilon: 1e-6 },
    gelu: true,
    scale: randomTensor([7], 6),
    residual: randomTensor([2, 5, 7], 7),
  },
];

test('fusedLinear is layer norm, linear map, GELU, scale and residual, with all or none of them', async () => {
  const [x, map, options] = fused();
  const mapped = core.linear(core.layerNorm(x, options.norm!, { epsilon: 1e-6 }), map.weight, map.bias);
  const expected = tf.add(tf.mul(core.gelu(mapped), options.scale!), options.residual!);
  await expectClose(core.fusedLinear(x, map, options), expected, { absolute: 2e-6 });
  await expectClose(core.fusedLinear(x, map, {}), core.linear(x, map.weight, map.bias), { absolute: 2e-6 });
});

test('fusedLinear names the shape that does not fit, with or without an operation of its own', () => {
  const [x, map, options] = fused();
  const wrong = { ...options, residual: tf.zeros([2, 5, 1]) };
  expect(() => core.fusedLinear(x, map, wrong)).toThrow('fusedLinear: residual');
  expect(() => tf.grad((y) => core.fusedLinear(y, map, wrong))(x)).toThrow('fusedLinear: residual');
  expect(() => core.fusedLinear(tf.zeros([2, 11]), map, {})).toThrow('fusedLinear: x');
});

test('fusedLinear is one operation where the backend has it, and its parts where a gradient is taken', async () => {
  const [x, map, options] = fused();
  const has = (tf.getKernel('TocoLinear', tf.getBackend()) as unknown) !== undefined;
  const alone = await recordKernels(() => core.fusedLinear(x, map, options));
  expect(alone.get('TocoLinear') ?? 0).toBe(has ? 1 : 0);
  expect(alone.get('TocoGelu') ?? 0).toBe(0);
  const taken = await recordKernels(() => tf.grad((y) => core.fusedLinear(y, map, options))(x));
  expect(taken.get('Exp')).toBe(1); // of the derivative of GELU
});

test('layerNorm has mean 0 and variance 1 before scale and shift', async () => {
  const x = randomTensor([3, 5, 64], 1, { low: 3, high: 9 });
  const plain = core.layerNorm(x, { weight: tf.ones([64]), bias: tf.zeros([64]) }, { epsilon: 1e-6 });
  const { mean, variance } = tf.moments(plain, -1);
  await expectClose(mean, tf.zeros([3, 5]), { absolute: 1e-6 });
  await expectClose(variance, tf.ones([3, 5]), { absolute: 1e-5 });
  const weight = randomTensor([64], 2);
  const bias = randomTensor([64], 3);
  const scaled = core.layerNorm(x, { weight, bias }, { epsilon: 1e-6 });
  await expectClose(scaled, tf.add(tf.mul(plain, weight), bias), { absolute: 1e-6 });
});

test('softmax and logSoftmax agree, also for large values', async () => {
  const x = tf.tensor2d([
    [1000, 1001, 1003],
    [-5, 0, 5],
  ]);
  await expectClose(core.softmax(x), tf.exp(core.logSoftmax(x)), { absolute: 1e-6 });
  await expectClose(tf.sum(core.softmax(x), -1), tf.ones([2]), { absolute: 1e-6 });
});

test('abs has the gradient 0 at 0', async () => {
  expect(await values(tf.grad((x) => core.abs(x))(tf.tensor1d([-2, 0, 3])))).toEqual([-1, 0, 1]);
});

test('clampMin passes the gradient from its bound on', async () => {
  const f = (x: tf.Tensor) => core.clampMin(x, 1);
  expect(await values(f(tf.tensor1d([0, 1, 2])))).toEqual([1, 1, 2]);
  expect(await values(tf.grad(f)(tf.tensor1d([0, 1, 2])))).toEqual([0, 1, 1]);
});

test('of tied tokens exactly one gets the gradient', async () => {
  const x = tf.tensor3d([1, 5, 7, 5, 7, 2, 0, 5], [1, 4, 2]);
  const dy = tf.tensor2d([[10, 100]]);
  const gradient = tf.grad((t) => core.maxOverTokens(t))(x, dy);
  expect(await values(core.maxOverTokens(x))).toEqual([7, 5]);
  expect(await values(gradient)).toEqual([0, 100, 10, 0, 0, 0, 0, 0]);
  const equal = tf.grad((t) => core.maxOverTokens(t))(tf.zeros([2, 9, 5]), tf.ones([2, 5]));
  expect(await values(tf.sum(equal, 1))).toEqual(Array<number>(10).fill(1));
});

test('l2Normalize gives unit vectors, and divides short ones by epsilon', async () => {
  const x = tf.tensor2d([
    [3, 4],
    [0, 0],
    [0.3, 0.4],
  ]);
  await expectClose(
    core.l2Normalize(x, { epsilon: 1 }),
    tf.tensor2d([
      [0.6, 0.8],
      [0, 0],
      [0.3, 0.4],
    ]),
    { absolute: 1e-7 },
  );
  const gradient = tf.grad((t) => core.l2Normalize(t, { epsilon: 1 }))(x, tf.ones([3, 2]));
  await expectClose(
    gradient,
    tf.tensor2d([
      [0.032, -0.024],
      [1, 1],
      [1, 1],
    ]),
    { absolute: 1e-7 },
  );
});

test('rows of a normalized weight have the given lengths', async () => {
  const weight = core.weightNorm(randomTensor([4, 9], 1), tf.tensor2d([1, 2, 3, 4], [4, 1]));
  await expectClose(tf.norm(weight, 'euclidean', 1), tf.tensor1d([1, 2, 3, 4]), { relative: 1e-6 });
});

test('patchEmbed is the convolution with stride and size of a patch', async () => {
  const images = randomTensor([2, 12, 8, 3], 1);
  const weight = randomTensor([4, 4, 3, 6], 2);
  const expected = tf.conv2d(images as tf.Tensor4D, weight as tf.Tensor4D, 4, 'valid');
  await expectClose(core.patchEmbed(images, weight), expected, { relative: 1e-6 });
  expect(() => core.patchEmbed(randomTensor([2, 10, 8, 3], 1), weight)).toThrow(
    'patchEmbed: images are 10×8, expected multiples of the patch size 4',
  );
});

test.each([
  [
    'linear',
    () => core.linear(tf.zeros([2, 3]), tf.zeros([4, 5])),
    'linear: x has shape [2,3], expected [...,5]',
  ],
  [
    'bias',
    () => core.linear(tf.zeros([2, 5]), tf.zeros([4, 5]), tf.zeros([5])),
    'linear: bias has shape [5]',
  ],
  [
    'tokens',
    () => core.maxOverTokens(tf.zeros([2, 5])),
    'maxOverTokens: x has shape [2,5], expected [B,N,D]',
  ],
])('a wrong shape is refused: %s', (_, f, message) => {
  expect(f).toThrow(message);
});

describe('of every operation, forward and backward,', () => {
  const step = ({ f }: (typeof gradientCases)[number], inputs: tf.Tensor[]) =>
    core.valueAndGrad((params) => ({ loss: core.mean(f(...params)), aux: {} }), inputs);

  test.each(gradientCases)('$name leaves nothing behind', async (each) => {
    const inputs = each.inputs();
    await expectNoLeak(() => step(each, inputs));
    await expectNoLeak(() => each.f(...inputs));
  });

  test('none reads a tensor back', async () => {
    const engine = tf.engine();
    const inputs = gradientCases.map((each) => each.inputs());
    const read = engine.readSync.bind(engine);
    engine.readSync = () => {
      throw new Error('read back');
    };
    try {
      gradientCases.forEach((each, i) => tf.tidy(() => void step(each, inputs[i]!)));
    } finally {
      engine.readSync = read;
    }
    const kernels = await recordKernels(() => step(gradientCases[0]!, inputs[0]!));
    expect(kernels.get('Abs')).toBe(1);
  });
});
