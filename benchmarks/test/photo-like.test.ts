import { expect, test } from '@jest/globals';
import { viewLattice } from '@toco/crf';
import { photoLike } from '../src/photo-like.js';

test('images give lattices of the size that photographs give: n/4 to 3n/4 vertices', () => {
  for (const [size, seed] of [
    [224, 100],
    [448, 100],
  ] as const) {
    const { numVertices, numPoints } = viewLattice(photoLike(size, seed), [size, size]);
    expect(numVertices / numPoints).toBeGreaterThan(0.25);
    expect(numVertices / numPoints).toBeLessThan(0.75);
  }
});

test('levels are whole numbers within 8 bits, hardly any of them clipped, and the same for a seed', () => {
  const levels = photoLike(64, 3);
  expect(levels.every((level) => Number.isInteger(level) && level >= 0 && level <= 255)).toBe(true);
  expect(levels.filter((level) => level === 0 || level === 255).length).toBeLessThan(0.05 * levels.length);
  expect(photoLike(64, 3)).toEqual(levels);
  expect(photoLike(64, 4)).not.toEqual(levels);
});
