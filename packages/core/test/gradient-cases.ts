import * as tf from '@tensorflow/tfjs-core';
import * as core from '@toco/core';
import { randomTensor, testNumbers, type GradientCheckOptions } from '@toco/testing';

/** An operation with inputs for a gradient check on any backend. */
export interface GradientCase {
  readonly name: string;
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly inputs: () => tf.Tensor[];
  readonly options?: Partial<GradientCheckOptions>;
}

const normal = (shape: readonly number[], seed = 1): tf.Tensor =>
  randomTensor(shape, seed, { low: -2, high: 2 });

/** Values that no two steps of the differences carry across zero. */
function awayFromZero(shape: readonly number[]): tf.Tensor {
  const draw = testNumbers(5);
  const size = tf.util.sizeFromShape([...shape]);
  const values = Float32Array.from({ length: size }, () => (draw() < 0.5 ? -1 : 1) * (0.1 + draw()));
  return tf.tensor(values, [...shape]);
}

/** A permutation of well separated values, so that the differences change no order. */
function separated(shape: readonly number[]): tf.Tensor {
  const draw = testNumbers(6);
  const size = tf.util.sizeFromShape([...shape]);
  const ranks = Array.from({ length: size }, (_, i) => [draw(), i] as const).sort((a, b) => a[0] - b[0]);
  return tf.tensor(
    Float32Array.from(ranks, ([, i]) => i * 0.15 - 1),
    [...shape],
  );
}

const resizes = (['bilinear', 'bicubic'] as const).flatMap((method) =>
  [false, true].flatMap((alignCorners) =>
    (
      [
        [3, 5, 7, 11],
        [7, 6, 3, 2],
        [4, 4, 8, 8],
        [8, 8, 4, 4],
        [1, 5, 3, 1],
        [4, 3, 4, 6],
        [2, 140, 3, 150],
        [280, 2, 140, 2],
      ] as const
    ).map(([H, W, h, w]): GradientCase => {
      const corners = alignCorners ? 'corners aligned' : 'half-pixel';
      return {
        name: `resize ${method}, ${corners}, ${H}×${W} → ${h}×${w}`,
        f: (a) => core.resize(a, [h, w], { method, alignCorners }),
        inputs: () => [normal([2, H, W, 2])],
      };
    }),
  ),
);

const convolutions = (
  [
    [3, 3, 5, 5],
    [3, 3, 2, 2],
    [3, 3, 1, 0],
    [3, 3, 2, 1],
    [1, 1, 1, 0],
    [2, 3, 2, 3],
  ] as const
).map(([kh, kw, dilation, padding]): GradientCase => ({
  name: `conv2dDilated ${kh}×${kw}, dilation ${dilation}, padding ${padding}`,
  f: (a, filter) => core.conv2dDilated(a, filter, { dilation, padding }),
  inputs: () => [normal([2, 5, 6, 2]), normal([kh, kw, 2, 3], 2)],
}));

export const gradientCases: readonly GradientCase[] = [
  { name: 'abs', f: (a) => core.abs(a), inputs: () => [awayFromZero([3, 4])] },
  { name: 'clampMin', f: (a) => core.clampMin(a, 0), inputs: () => [awayFromZero([3, 4])] },
  { name: 'gelu', f: (a) => core.gelu(a), inputs: () => [normal([3, 7])] },
  { name: 'quickGelu', f: (a) => core.quickGelu(a), inputs: () => [normal([3, 7])] },
  { name: 'softmax', f: (a) => core.softmax(a), inputs: () => [normal([2, 3, 4])] },
  { name: 'logSoftmax', f: (a) => core.logSoftmax(a), inputs: () => [normal([2, 3, 4])] },
  { name: 'sum over all', f: (a) => core.sum(a), inputs: () => [normal([2, 3, 4])] },
  { name: 'sum over one', f: (a) => core.sum(a, { axis: 1 }), inputs: () => [normal([2, 3, 4])] },
  {
    name: 'mean over two, kept',
    f: (a) => core.mean(a, { axis: [0, -1], keepDims: true }),
    inputs: () => [normal([2, 3, 4])],
  },
  { name: 'maxOverTokens', f: (a) => core.maxOverTokens(a), inputs: () => [separated([2, 5, 3])] },
  {
    name: 'l2Normalize',
    f: (a) => core.l2Normalize(a, { epsilon: 1e-12 }),
    inputs: () => [awayFromZero([2, 3, 4])],
  },
  {
    name: 'l2Normalize of short vectors',
    f: (a) => core.l2Normalize(a, { epsilon: 100 }),
    inputs: () => [normal([2, 3, 4])],
  },
  {
    name: 'layerNorm',
    f: (a, weight, bias) => core.layerNorm(a, { weight: weight, bias: bias }, { epsilon: 1e-6 }),
    inputs: () => [separated([2, 3, 6]), normal([6], 2), normal([6], 3)],
  },
  {
    name: 'layerNorm with a large epsilon',
    f: (a, weight, bias) => core.layerNorm(a, { weight: weight, bias: bias }, { epsilon: 1 }),
    inputs: () => [normal([4, 5]), normal([5], 2), normal([5], 3)],
  },
  {
    name: 'fusedLinear',
    f: (a, weight, bias, normWeight, normBias, scale, residual) =>
      core.fusedLinear(
        a,
        { weight, bias },
        { norm: { weight: normWeight, bias: normBias, epsilon: 1e-6 }, gelu: true, scale, residual },
      ),
    inputs: () => [
      ...[separated([2, 3, 6]), normal([4, 6], 2), normal([4], 3), normal([6], 4), normal([6], 5)],
      ...[normal([4], 6), normal([2, 3, 4], 7)],
    ],
  },
  {
    name: 'linear',
    f: (a, weight, bias) => core.linear(a, weight, bias),
    inputs: () => [normal([2, 3, 4]), normal([5, 4], 2), normal([5], 3)],
  },
  {
    name: 'linear without bias, of one vector',
    f: (a, weight) => core.linear(a, weight),
    inputs: () => [normal([4]), normal([5, 4], 2)],
  },
  {
    name: 'weightNorm',
    f: (direction, length) => core.weightNorm(direction, length),
    inputs: () => [awayFromZero([3, 5]), normal([3, 1], 2)],
  },
  {
    name: 'patchEmbed',
    f: (images, weight, bias) => core.patchEmbed(images, weight, bias),
    inputs: () => [normal([2, 4, 6, 3]), normal([2, 2, 3, 5], 2), normal([5], 3)],
  },
  ...convolutions,
  ...resizes,
  {
    name: 'product of matrices with two batch dimensions',
    f: (a, b) => tf.matMul(a, b, false, true),
    inputs: () => [normal([2, 3, 4, 5]), normal([2, 3, 6, 5], 2)],
  },
];
