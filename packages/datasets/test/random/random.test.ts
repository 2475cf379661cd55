import { describe, expect, test } from '@jest/globals';
import { randomPurpose, randomStream } from '../../src/random/random.js';

describe('randomStream', () => {
  test('depends on its key alone', () => {
    const first = randomStream(1, 2, 3).noise(50);
    randomStream(1, 2, 4).noise(7);
    expect(randomStream(1, 2, 3).noise(50)).toEqual(first);
  });

  test('gives these numbers in every version: resumed runs rely on them', () => {
    const random = randomStream(randomPurpose.views, 7, 2, 1000);
    const numbers = [random.uniform(0, 1), random.uniform(-1, 1), random.integer(0, 999)];
    expect(numbers).toEqual([0.8167795406687651, -0.6075271549229742, 632]);
  });

  test('every part of the key counts, and so does its place', () => {
    const keys = [[0], [1], [0, 0], [0, 1], [1, 0], [1, 1], [2 ** 32, 0], [-1, 0], [0, 0, 0]];
    const firsts = keys.map((key) => randomStream(...key).uniform(0, 1));
    expect(new Set(firsts).size).toBe(keys.length);
  });

  test('first numbers of consecutive keys are uniform and uncorrelated', () => {
    const count = 4000;
    const first = Array.from({ length: count }, (_, i) => randomStream(2, 0, 0, i).uniform(0, 1));
    const mean = first.reduce((sum, v) => sum + v, 0) / count;
    const variance = first.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count;
    const covariance = first.slice(1).reduce((sum, v, i) => sum + (v - mean) * (first[i]! - mean), 0) / count;
    // Four standard errors.
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / count));
    expect(Math.abs(covariance)).toBeLessThan(4 / 12 / Math.sqrt(count));
  });

  test('ranges, chances and permutations', () => {
    const random = randomStream(5);
    const drawn = Array.from({ length: 2000 }, () => random.integer(2, 4));
    expect(new Set(drawn)).toEqual(new Set([2, 3, 4]));
    const chances = Array.from({ length: 4000 }, () => random.chance(0.2)).filter(Boolean).length / 4000;
    expect(Math.abs(chances - 0.2)).toBeLessThan(4 * Math.sqrt(0.16 / 4000));
    expect([...random.permutation(100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    expect([...random.permutation(0)]).toEqual([]);
    const noise = random.noise(1000);
    expect(noise.every((v) => v >= 0 && v < 1)).toBe(true);
  });
});
