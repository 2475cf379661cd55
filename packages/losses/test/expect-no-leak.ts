import { expect } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

/** Fails if value and gradient of `f` leave more than themselves behind, or dispose anything of the caller's. */
export function expectNoLeak(f: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor): void {
  const before = tf.memory().numTensors;
  const plain = f(x);
  expect(tf.memory().numTensors).toBe(before + 1);
  const { value, grad } = tf.valueAndGrad(f)(x);
  expect(tf.memory().numTensors).toBe(before + 3);
  tf.dispose([plain, value, grad]);
  expect(tf.memory().numTensors).toBe(before);
}
