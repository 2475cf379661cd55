import { expect } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

/** Fails if `f` leaves more than its results behind, or disposes anything of the caller's. */
export function expectNoLeak(f: () => tf.Tensor | Record<string, tf.Tensor>): void {
  const before = tf.memory().numTensors;
  const result = f();
  const tensors = result instanceof tf.Tensor ? [result] : Object.values(result);
  expect(tf.memory().numTensors).toBe(before + tensors.length);
  tf.dispose(tensors);
  expect(tf.memory().numTensors).toBe(before);
}
