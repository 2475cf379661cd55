import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Scatters the bits of a 32-bit number, so that neighboring seeds have nothing in common. */
function scatter(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** A generator whose draws are the same for a seed on every machine. */
export function randomGenerator(seed: number): RandomGenerator {
  const generator = xoroshiro128plus(scatter(seed));
  for (let i = 0; i < 32; i++) generator.next(); // the first draws still show the seed
  return generator;
}

/**
 * The seed of a named part, so that a part's values depend on its name and not on what was drawn before it.
 *
 * @param seed seed of the whole
 * @param name dotted path of a parameter, for instance
 * @example
 * truncatedNormal([192, 192], { standardDeviation: 0.02, seed: childSeed(seed, 'blocks.0.attn.proj.weight') });
 */
export function childSeed(seed: number, name: string): number {
  let hash = scatter(seed);
  for (let i = 0; i < name.length; i++) hash = scatter(hash ^ name.charCodeAt(i)) + 0x9e3779b9;
  return hash >>> 0;
}

/** Function that draws from the normal distribution with mean 0 and deviation 1. */
export function normalDraws(generator: RandomGenerator): () => number {
  // Marsaglia's polar method: of all transcendental functions it needs only `log`, which engines agree on.
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniformFloat64(generator) - 1;
      const y = 2 * uniformFloat64(generator) - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
}
