import { afterEach, beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { conv2dDilated, type ConvolutionOptions } from '../src/conv2d-dilated.js';
import { initBackend } from '@toco/runtime';
import { expectClose, randomTensor } from '@toco/testing';
import { tensorflowConvolution } from '../src/tensorflow-convolution.js';

beforeAll(async () => {
  await initBackend();
});

afterEach(() => {
  process.env['TF_ENABLE_ONEDNN_OPTS'] = '1';
});

/** The convolution and its two gradients. */
function all(options: ConvolutionOptions, [kh, kw]: [number, number]): tf.Tensor[] {
  const x = randomTensor([2, 12, 11, 5], 1);
  const filter = randomTensor([kh, kw, 5, 4], 2);
  const f = (a: tf.Tensor, b: tf.Tensor) => conv2dDilated(a, b, options);
  const y = f(x, filter);
  return [y, ...tf.grads((a, b) => f(a!, b!))([x, filter], randomTensor(y.shape, 3))];
}

test.each([
  [3, 3, 5, 5],
  [3, 3, 2, 0],
  [3, 3, 1, 2],
  [5, 1, 2, 1],
  [1, 1, 1, 0],
])(
  'TensorFlow and the portable form agree: %i×%i, dilation %i, padding %i',
  async (kh, kw, dilation, padding) => {
    expect(tensorflowConvolution(dilation, 'SAME')).toBeDefined();
    const fast = all({ dilation, padding }, [kh, kw]);
    process.env['TF_ENABLE_ONEDNN_OPTS'] = '0';
    expect(tensorflowConvolution(dilation, 'SAME')).toBeUndefined();
    const portable = all({ dilation, padding }, [kh, kw]);
    for (const [i, expected] of portable.entries()) await expectClose(fast[i]!, expected, { relative: 1e-6 });
  },
);

test('where oneDNN was not asked for, TensorFlow may compute without it', () => {
  delete process.env['TF_ENABLE_ONEDNN_OPTS'];
  expect(tensorflowConvolution(1, 'SAME')).toBeUndefined();
});

test('one value by the definition', async () => {
  const x = await randomTensor([2, 12, 11, 5], 1).array();
  const filter = await randomTensor([3, 3, 5, 4], 2).array();
  const [y] = all({ dilation: 5, padding: 5 }, [3, 3]);
  let expected = 0;
  for (const [i, row] of [1, 6, 11].entries()) {
    for (const [j, column] of [-3, 2, 7].entries()) {
      for (let c = 0; c < 5; c++) {
        const pixel = (x as number[][][][])[1]![row]![column]?.[c] ?? 0;
        expected += pixel * (filter as number[][][][])[i]![j]![c]![3]!;
      }
    }
  }
  expect(((await y!.array()) as number[][][][])[1]![6]![2]![3]!).toBeCloseTo(expected, 5);
});

test('the channels must agree', () => {
  expect(() =>
    conv2dDilated(tf.zeros([1, 4, 4, 3]), tf.zeros([3, 3, 2, 1]), { dilation: 1, padding: 1 }),
  ).toThrow('conv2dDilated: filter has shape [3,3,2,1], expected [kh,kw,3,out]');
});
