import * as tf from '@tensorflow/tfjs-core';

/** Small generator for test data; the same for a seed everywhere. */
export function testNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

/** A float32 tensor of uniform values in [low, high); the same for a seed everywhere. */
export function randomTensor(
  shape: readonly number[],
  seed: number,
  { low = -1, high = 1 }: { readonly low?: number; readonly high?: number } = {},
): tf.Tensor {
  const draw = testNumbers(seed);
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: size }, () => low + (high - low) * draw());
  return tf.tensor(values, [...shape], 'float32');
}
