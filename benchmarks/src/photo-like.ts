import { seededUniform } from './seeded-uniform.js';

/**
 * An image with the statistics of a photograph: noise whose amplitude falls with its frequency, color smoother than
 * brightness, 8-bit levels. It matters to the lattice, whose size depends on how much colors vary between neighbors: the
 * half-size image touches about n/2 vertices at 224 pixels and n/4 at 448, where photographs touch n/4 to 3n/4.
 *
 * @returns `[size,size,3]`, whole numbers in 0…255
 */
export function photoLike(size: number, seed: number): Float32Array {
  const brightness = octaves(size, { seed, finest: size / 2, decay: 0.8 });
  const tints = [1, 2, 3].map((offset) =>
    octaves(size, { seed: seed + offset, finest: size / 4, decay: 0.8 }),
  );
  const levels = new Float32Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) {
      const level = 115 + 70 * brightness[i]! + 45 * tints[c]![i]!;
      levels[3 * i + c] = Math.round(Math.min(Math.max(level, 0), 255));
    }
  }
  return levels;
}

/** Sum of smooth noise on grids of 2, 4, 8, … cells, each of `decay` times the amplitude of the one before. */
function octaves(
  size: number,
  { seed, finest, decay }: { seed: number; finest: number; decay: number },
): Float32Array {
  const next = seededUniform(seed);
  const sum = new Float32Array(size * size);
  let amplitude = 1;
  for (let cells = 2; cells <= finest; cells *= 2) {
    const knots = Float32Array.from({ length: (cells + 1) ** 2 }, () => 2 * next() - 1);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++)
        sum[y * size + x]! += amplitude * interpolate(knots, cells, y / size, x / size);
    }
    amplitude *= decay;
  }
  return sum;
}

function interpolate(knots: Float32Array, cells: number, y: number, x: number): number {
  const [row, column] = [Math.floor(y * cells), Math.floor(x * cells)];
  const [dy, dx] = [y * cells - row, x * cells - column];
  const at = row * (cells + 1) + column;
  const top = knots[at]! * (1 - dx) + knots[at + 1]! * dx;
  const bottom = knots[at + cells + 1]! * (1 - dx) + knots[at + cells + 2]! * dx;
  return top * (1 - dy) + bottom * dy;
}
