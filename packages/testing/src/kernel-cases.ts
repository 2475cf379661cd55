import * as tf from '@tensorflow/tfjs-core';
import { randomTensor } from './random-tensor.js';

/** A tfjs kernel whose own gradient we use, in a form that finite differences can check. */
export interface KernelCase {
  readonly kernel: string;
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly inputs: () => tf.Tensor[];
}

const some = (...shape: number[]): tf.Tensor => randomTensor(shape, 1);
const other = (...shape: number[]): tf.Tensor => randomTensor(shape, 2);
const positive = (...shape: number[]): tf.Tensor => randomTensor(shape, 3, { low: 0.5, high: 2 });

function binary(kernel: string, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelCase[] {
  const apply = (...[a, b]: tf.Tensor[]): tf.Tensor => f(a!, b!);
  return [
    { kernel, f: apply, inputs: () => [some(2, 3, 4), positive(2, 3, 4)] },
    { kernel, f: apply, inputs: () => [some(2, 3, 4), positive(3, 1)] },
    { kernel, f: apply, inputs: () => [some(4), positive(2, 3, 4)] },
    { kernel, f: apply, inputs: () => [some(2, 3), tf.scalar(1.5)] },
  ];
}

function unary(kernel: string, f: (x: tf.Tensor) => tf.Tensor, inputs = some): KernelCase {
  return { kernel, f: (x) => f(x), inputs: () => [inputs(2, 3, 4)] };
}

/**
 * The kernels that may lie on the way of a gradient of ours with tfjs' own gradient; all of them are checked by finite
 * differences. Wherever a step records another one, add it here and see whether its gradient is right.
 */
export const kernelCases: readonly KernelCase[] = [
  ...binary('Add', tf.add),
  ...binary('Sub', tf.sub),
  ...binary('Multiply', tf.mul),
  ...binary('RealDiv', tf.div),
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): KernelCase => ({
      kernel: 'BatchMatMul',
      f: (a, b) => tf.matMul(a, b, transposeA, transposeB),
      inputs: () => [
        transposeA ? some(2, 3, 5, 4) : some(2, 3, 4, 5),
        transposeB ? other(2, 3, 6, 5) : other(2, 3, 5, 6),
      ],
    })),
  ),
  { kernel: 'Concat', f: (a, b) => tf.concat([a, b], 1), inputs: () => [some(2, 3, 4), other(2, 1, 4)] },
  { kernel: 'Concat', f: (a, b) => tf.concat([a, b], -1), inputs: () => [some(2, 3), other(2, 2)] },
  { kernel: 'Pack', f: (a, b) => tf.stack([a, b], 1), inputs: () => [some(2, 3), other(2, 3)] },
  { kernel: 'Unpack', f: (x) => tf.mul(tf.unstack(x, 1)[1]!, 2), inputs: () => [some(2, 3, 4)] },
  { kernel: 'SplitV', f: (x) => tf.mul(tf.split(x, 3, -1)[1]!, 2), inputs: () => [some(2, 6)] },
  {
    kernel: 'GatherV2',
    f: (x) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32'), 1),
    inputs: () => [some(2, 3, 4)],
  },
  unary('Slice', (x) => tf.slice(x, [0, 1, 0], [2, 2, 3])),
  unary('Reshape', (x) => tf.reshape(x, [6, 4])),
  unary('ExpandDims', (x) => tf.expandDims(x, 1)),
  unary('Transpose', (x) => tf.transpose(x, [2, 0, 1])),
  unary('Tile', (x) => tf.tile(x, [1, 2, 3])),
  unary('Reverse', (x) => tf.reverse(x, [1])),
  unary('PadV2', (x) =>
    tf.pad(x, [
      [0, 0],
      [1, 2],
      [0, 1],
    ]),
  ),
  unary('Identity', (x) => tf.clone(x)),
  unary('Cast', (x) => tf.cast(x, 'float32')),
  unary('Neg', tf.neg),
  unary('Square', tf.square),
  unary('Exp', tf.exp),
  unary('Sigmoid', tf.sigmoid),
  unary('Softplus', tf.softplus),
  unary('Tanh', tf.tanh),
  unary('Erf', tf.erf),
  unary('Softmax', (x) => tf.softmax(x)),
  unary('Sum', (x) => tf.sum(x, 1)),
  unary('Mean', (x) => tf.mean(x, [0, 2])),
  unary(
    'Relu',
    (x) => tf.relu(x),
    (...shape) => tf.mul(positive(...shape), tf.tensor1d([1, -1, 1, -1])),
  ),
  unary('Sqrt', tf.sqrt, positive),
  unary('Rsqrt', tf.rsqrt, positive),
  unary('Log', tf.log, positive),
  unary('Reciprocal', tf.reciprocal, positive),
];
