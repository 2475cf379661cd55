import { bilateralLattice, type RgbImage } from './bilateral.js';
import type { Lattice } from './lattice.js';

/** Options of {@link viewLattice}, plain data: the bilateral kernel at full size. */
export interface ViewLatticeOptions {
  /** Standard deviation of the position in pixels of the full-size image (100 in ToCo; made smaller with the image). */
  readonly sigmaXy?: number | undefined;
  /** Standard deviation of the color in levels 0…255 (15 in ToCo). */
  readonly sigmaRgb?: number | undefined;
  /** The lattice is that of the image at 1 / this of its size (2 in ToCo). */
  readonly downsample?: number | undefined;
  /** Mean and standard deviation that the image was normalized with, of values in 0…1; without them it holds levels. */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}

/**
 * The bilateral lattice of one image for the regularization term: every second pixel of the image, σ_xy halved with it, or every n-th
 * with σ_xy / n.
 *
 * Plain arrays in and out and no TensorFlow, so a loader's worker thread can build it.
 *
 * @param image `[H,W,3]`: levels 0…255, not truncated to integers; or normalized, where `mean` and `std` are given.
 * @param size `[H,W]`, both multiples of `downsample`.
 * @throws If a side is no such multiple or the image has another size.
 * @example
 * const lattice = viewLattice(image, [448, 448], { sigmaXy: 100, sigmaRgb: 15 });
 */
export function viewLattice(
  image: RgbImage,
  [height, width]: readonly [number, number],
  { sigmaXy = 100, sigmaRgb = 15, downsample: n = 2, mean, std }: ViewLatticeOptions = {},
): Lattice {
  if (height % n || width % n) {
    throw new Error(
      `viewLattice: the image of ${height} × ${width} cannot be ${n === 2 ? 'halved; crop it to even sides' : `brought to 1/${n}; crop it to multiples of ${n}`}`,
    );
  }
  if (image.length !== height * width * 3) {
    throw new Error(
      `viewLattice: ${image.length} values instead of ${height} × ${width} × 3; give one RGB image`,
    );
  }
  const levelOf = mean && std ? denormalizer(mean, std) : (value: number) => value;
  const smaller = new Float32Array(image.length / n ** 2);
  let to = 0;
  for (let y = 0; y < height; y += n) {
    for (let x = 0; x < width; x += n) {
      const from = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) smaller[to++] = levelOf(image[from + c]!, c);
    }
  }
  return bilateralLattice(smaller, height / n, width / n, { sigmaXy: sigmaXy / n, sigmaRgb });
}

/** Levels of normalized values, rounded as tensors of float32 are. */
function denormalizer(
  mean: readonly number[],
  std: readonly number[],
): (value: number, channel: number) => number {
  const scale = std.map((value) => Math.fround(value * 255));
  const offset = mean.map((value) => Math.fround(value * 255));
  return (value, c) => Math.fround(value * scale[c]!) + offset[c]!;
}
