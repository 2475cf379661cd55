import { assertShape } from '@toco/core';
import { packLattices, viewLattice, type LatticeArrays, type ViewLatticeOptions } from '@toco/crf';
import type * as tf from '@tensorflow/tfjs-core';

/** Options of {@link denseEnergyLattices}. */
export interface DenseEnergyLatticesOptions extends Pick<
  ViewLatticeOptions,
  'sigmaXy' | 'sigmaRgb' | 'downsample'
> {
  /** Vertices to pad every lattice to, where a compiled step needs one shape; default: see `packLattices` of `@toco/crf`. */
  readonly vertices?: number | undefined;
}

/**
 * The lattices of a batch of images for `denseEnergyLoss`, packed for `latticeTensors` of `@toco/losses`.
 *
 * It reads the images back, so it belongs outside the training step; `viewLattice` of `@toco/crf` is the lattice of one image
 * without TensorFlow, for worker threads.
 *
 * @param images `[B,H,W,3]`, levels 0…255, not truncated; H and W multiples of `downsample`.
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
    viewLattice(data.subarray(b * size, (b + 1) * size), [height, width], kernel),
  );
  return packLattices(lattices, vertices === undefined ? {} : { vertices });
}
