import { decodeImage } from '@toco/datasets';
import { photoLike } from './photo-like.js';
import { seededUniform } from './seeded-uniform.js';

/** An image with probabilities of its pixels, as a dense CRF takes them. */
export interface CrfInputs {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** `[h, w, 3]` */
  readonly image: Uint8Array;
  /** `[h, w, K]` */
  readonly probabilities: Float32Array;
}

/** A photograph, or a photo-like image of 333 × 500, with probabilities whose logits are smooth random fields. */
export async function crfInputs(classes: number, photograph?: string): Promise<CrfInputs> {
  const { height, width, data } =
    photograph === undefined
      ? { height: 333, width: 500, data: photographLike({ height: 333, width: 500 }, 1) }
      : await decodeImage({ path: photograph });
  return {
    ...{ height, width, classes },
    image: Uint8Array.from(data),
    probabilities: smoothProbabilities({ height, width, classes }),
  };
}

/**
 * A photo-like image of at most 780 pixels a side, enlarged: at this size neighboring pixels of photographs differ less than its
 * own. At 333 × 500 its lattice has 43 000 vertices; those of a dozen photographs have 16 000 to 159 000, half of them less than 47 000.
 *
 * @returns `[height, width, 3]`
 */
export function photographLike(
  { height, width }: { readonly height: number; readonly width: number },
  seed: number,
): Uint8Array {
  const [size, zoom] = [224, 3.5];
  const levels = photoLike(size, seed);
  const data = new Uint8Array(height * width * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [row, column] = [Math.floor(y / zoom), Math.floor(x / zoom)];
      const [dy, dx] = [y / zoom - row, x / zoom - column];
      for (let c = 0; c < 3; c++, i++) {
        const level = (down: number, right: number): number =>
          levels[((row + down) * size + column + right) * 3 + c]!;
        const top = level(0, 0) * (1 - dx) + level(0, 1) * dx;
        data[i] = Math.round(top * (1 - dy) + (level(1, 0) * (1 - dx) + level(1, 1) * dx) * dy);
      }
    }
  }
  return data;
}

/** Softmax of fields that are drawn on a grid of 9 × 9 knots and linear between them. */
function smoothProbabilities(size: { height: number; width: number; classes: number }): Float32Array {
  const { height, width, classes } = size;
  const next = seededUniform(7);
  const cells = 8;
  const knots = Float32Array.from({ length: (cells + 1) ** 2 * classes }, () => 12 * (next() - 0.5));
  const knot = (row: number, column: number, k: number): number =>
    knots[(row * (cells + 1) + column) * classes + k]!;
  const out = new Float32Array(height * width * classes);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += classes) {
      const [v, u] = [(y / height) * cells, (x / width) * cells];
      const [row, column] = [Math.floor(v), Math.floor(u)];
      const [dy, dx] = [v - row, u - column];
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        const top = knot(row, column, k) * (1 - dx) + knot(row, column + 1, k) * dx;
        const bottom = knot(row + 1, column, k) * (1 - dx) + knot(row + 1, column + 1, k) * dx;
        sum += out[at + k] = Math.exp(top * (1 - dy) + bottom * dy);
      }
      for (let k = 0; k < classes; k++) out[at + k]! /= sum;
    }
  }
  return out;
}
