import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { gelu } from '../src/gelu.js';
import { initBackend } from '@toco/runtime';
import {
  expectImportIsInert,
  expectNoLeak,
  gradientCheck,
  randomTensor,
  recordKernels,
  recordTape,
} from '@toco/testing';

beforeAll(async () => {
  await initBackend();
});

describe('the harness sees what is wrong', () => {
  test('a wrong gradient of tfjs: half-pixel resizeBilinear', async () => {
    const f = (x?: tf.Tensor) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 6], false, true);
    await expect(gradientCheck(f, [randomTensor([1, 3, 3, 1], 1)], { relative: 1e-2 })).rejects.toThrow(
      /gradient of input 0 along direction \d+ is .*, finite differences give/,
    );
  });

  test.each([1.001, 0.999])('a gradient that is off by a factor of %f', async (factor) => {
    const f = (x?: tf.Tensor) => {
      const operation = tf.customGrad((t) => ({
        value: tf.square(t as tf.Tensor),
        gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(x!, 2 * factor)),
      }));
      return operation(x!);
    };
    const x = randomTensor([5], 1);
    await expect(gradientCheck(f, [x], { relative: 5e-4 })).rejects.toThrow('gradient of input 0');
    expect((await gradientCheck(f, [x], { relative: 2e-3 })).error).toBeGreaterThan(9e-4);
  });

  test('a gradient that is NaN', async () => {
    const f = (x?: tf.Tensor) => tf.sqrt(tf.square(x!));
    await expect(gradientCheck(f, [tf.zeros([2])], { relative: 1 })).rejects.toThrow('NaN');
  });

  test('leaked tensors and data', async () => {
    await expect(expectNoLeak(() => void tf.tensor1d([1]))).rejects.toThrow('leak: numTensors');
    await expectNoLeak(() => ({ nested: [tf.tensor1d([1])], map: new Map([['a', tf.scalar(1)]]) }));
    await expectNoLeak(async () => {
      await Promise.resolve();
      return tf.scalar(1);
    });
  });

  test('an import that registers a gradient', async () => {
    const load = () => {
      tf.registerGradient({ kernelName: 'Harness', gradFunc: () => ({}) });
      return Promise.resolve();
    };
    await expect(expectImportIsInert(load)).rejects.toThrow(
      'changed 1 thing(s) in TensorFlow.js: gradRegistry',
    );
    tf.unregisterGradient('Harness');
  });

  test('kernels that ran and what was recorded for a gradient', async () => {
    const f = () => tf.grad((x) => gelu(tf.mul(x, tf.exp(x))))(tf.tensor1d([1]));
    const tape = recordTape(f);
    expect([...tape.kernels]).toEqual(['Exp', 'Multiply']);
    expect([...tape.operations]).toEqual(['core/gelu']);
    const kernels = await recordKernels(f);
    // The value is one operation where there are kernels of our own; the gradient computes it from its parts.
    expect((kernels.get('Erf') ?? 0) + (kernels.get('TocoGelu') ?? 0)).toBe(2);
    expect(kernels.get('Exp')).toBe(2);
  });
});
