import * as tf from '@tensorflow/tfjs-core';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { normalDraws, randomGenerator } from './random.js';

type Shape = readonly number[];

function filled(shape: Shape, draw: () => number): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return tf.tensor(values, [...shape], 'float32');
}

/**
 * Normal values with mean 0; any beyond ±2 (absolute, as PyTorch's `trunc_normal_`) is drawn again.
 *
 * @returns tensor of the given shape, the same for a seed on every machine and backend
 * @example
 * const weight = truncatedNormal([768, 192], { standardDeviation: 0.02, seed: childSeed(seed, 'fc1.weight') });
 */
export function truncatedNormal(
  shape: Shape,
  { standardDeviation, seed }: { readonly standardDeviation: number; readonly seed: number },
): tf.Tensor {
  const draw = normalDraws(randomGenerator(seed));
  return filled(shape, () => {
    for (;;) {
      const value = draw() * standardDeviation;
      if (Math.abs(value) <= 2) return value;
    }
  });
}

/**
 * Uniform values in [low, high).
 *
 * @returns tensor of the given shape, the same for a seed on every machine and backend
 * @example
 * const noise = uniform([4, 8], { low: 0, high: 1, seed: 1 });
 */
export function uniform(
  shape: Shape,
  { low, high, seed }: { readonly low: number; readonly high: number; readonly seed: number },
): tf.Tensor {
  const generator = randomGenerator(seed);
  return filled(shape, () => low + (high - low) * uniformFloat64(generator));
}

/**
 * PyTorch's default for linear and convolutional layers (Kaiming uniform with a = √5): U(−1/√fanIn, 1/√fanIn).
 *
 * @param options `fanIn`: inputs that one output sums over, times the kernel's area
 * @example
 * const filter = kaimingUniform([3, 3, 384, 512], { fanIn: 3 * 3 * 384, seed });
 */
export function kaimingUniform(
  shape: Shape,
  { fanIn, seed }: { readonly fanIn: number; readonly seed: number },
): tf.Tensor {
  const bound = 1 / Math.sqrt(fanIn);
  return uniform(shape, { low: -bound, high: bound, seed });
}

/** Zeros. */
export function zeros(shape: Shape): tf.Tensor {
  return tf.zeros([...shape]);
}

/** Ones. */
export function ones(shape: Shape): tf.Tensor {
  return tf.ones([...shape]);
}
