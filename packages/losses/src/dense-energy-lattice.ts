import { assertShape } from '@toco/core';
import { bilateralLattice, type Lattice, type RgbImage } from '@toco/crf';
import { packLattices, type LatticeArrays } from '@toco/crf';
import type * as tf from '@tensorflow/tfjs-core';

/** Options of {@link denseEnergyLattice}: the bilateral kernel at full size. */
export interface DenseEnergyLatticeOptions {
  /** Standard deviation of the position in pixels of the full-size image (100 in ToCo; halved with the image). */
  readonly sigmaXy?: number;
  /** Standard deviation of the colour in levels 0…255 (15 in ToCo). */
  readonly sigmaRgb?: number;
}

/**
 * The lattice of one image for `denseEnergyLoss`: every second pixel of the image, σ_xy halved with it.
 *
 * Plain arrays in and out and no TensorFlow, so a loader's worker thread can build it.
 *
 * @param image `[H,W,3]`, levels 0…255, not truncated to integers when they come from a normalised image.
 * @param size `[H,W]`, both even.
 * @throws If a side is odd or the image has another size.
 * @example
 * const lattice = denseEnergyLattice(image, [448, 448]);
 */
export function denseEnergyLattice(
  image: RgbImage,
  [height, width]: readonly [number, number],
  { sigmaXy = 100, sigmaRgb = 15 }: DenseEnergyLatticeOptions = {},
): Lattice {
  if (height % 2 || width % 2) {
    throw new Error(
      `denseEnergyLattice: the image of ${height} × ${width} cannot be halved; crop it to even sides`,
    );
  }
  if (image.length !== height * width * 3) {
    throw new Error(
      `denseEnergyLattice: ${image.length} values instead of ${height} × ${width} × 3; give one RGB image`,
    );
  }
  const half = new Float32Array(image.length / 4);
  let to = 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const from = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) half[to++] = image[from + c]!;
    }
  }
  return bilateralLattice(half, height / 2, width / 2, { sigmaXy: sigmaXy / 2, sigmaRgb });
}

/** Options of {@link denseEnergyLattices}. */
export interface DenseEnergyLatticesOptions extends DenseEnergyLatticeOptions {
  /** Vertices to pad every lattice to, where a compiled step needs one shape; default: see `packLattices` of `@toco/crf`. */
  readonly vertices?: number;
}

/**
 * The lattices of a batch of images for `denseEnergyLoss`, packed for `latticeTensors` of `@toco/losses`.
 *
 * It reads the images back, so it belongs outside the training step.
 *
 * @param images `[B,H,W,3]`, levels 0…255, not truncated; H and W even.
 * @example
 * const lattice = latticeTensors(await denseEnergyLattices(images));
 */
export async function denseEnergyLattices(
  images: tf.Tensor,
  { vertices, ...kernel }: DenseEnergyLatticesOptions = {},
): Promise<LatticeArrays> {
  const {
    B: batch,
    H: height,
    W: width,
  } = assertShape('denseEnergyLattices: images', images, ['B', 'H', 'W', 3]);
  const data = (await images.data()) as Float32Array;
  const size = height * width * 3;
  const lattices = Array.from({ length: batch }, (_, b) =>
    denseEnergyLattice(data.subarray(b * size, (b + 1) * size), [height, width], kernel),
  );
  return packLattices(lattices, vertices === undefined ? {} : { vertices });
}
