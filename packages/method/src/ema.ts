import { zipTrees, type TensorTree } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Exponential moving average of a tree of parameters: θᵍ ← ρ·θᵍ + (1 − ρ)·θˡ (paper, section 4.3).
 *
 * @param teacher θᵍ
 * @param student θˡ, of the same paths
 * @returns the new teacher; nothing given is disposed
 */
export function ema<T extends TensorTree>(teacher: T, student: T, { momentum }: { momentum: number }): T {
  return zipTrees([teacher, student], ([slow, fast]) =>
    tf.tidy(() => tf.add(tf.mul(slow!, momentum), tf.mul(fast!, 1 - momentum))),
  );
}
