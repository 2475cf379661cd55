import { randomGenerator } from '@toco/core';

/** Draws from the uniform distribution on 0…1, the same for a seed on every machine. */
export function seededUniform(seed: number): () => number {
  const generator = randomGenerator(seed);
  return () => (generator.next() >>> 0) / 2 ** 32;
}
