import * as tf from '@tensorflow/tfjs-core';
import type { LatticeArrays } from './pack-lattices.js';

/** The arrays of {@link LatticeArrays} as tensors, which the step may be given as inputs. */
export interface LatticeTensors {
  /** `[B, n, d+1]` int32 */
  readonly offsets: tf.Tensor;
  /** `[B, n, d+1]` float32 */
  readonly weights: tf.Tensor;
  /** `[d+1, 2, B·(V+1)]` int32 */
  readonly neighbours: tf.Tensor;
}

/**
 * Uploads packed lattices; the caller disposes the three tensors.
 *
 * @example
 * const lattice = latticeTensors(packLattices(lattices));
 */
export function latticeTensors(arrays: LatticeArrays): LatticeTensors {
  const { batch, numPoints, dimensions, vertices, offsets, weights, neighbours } = arrays;
  const corners = dimensions + 1;
  return {
    offsets: tf.tensor3d(offsets, [batch, numPoints, corners], 'int32'),
    weights: tf.tensor3d(weights, [batch, numPoints, corners], 'float32'),
    neighbours: tf.tensor3d(neighbours, [corners, 2, batch * (vertices + 1)], 'int32'),
  };
}

/**
 * The filter of {@link filterLattice} as tensor operations on prebuilt lattices: out = K·values per image and channel.
 *
 * All shapes are static and nothing is read back, so it may run inside a traced step. Linear in `values`, and its
 * gradient with respect to them is exact (Kᵀ, the blur axes in reverse order); none flows to the lattice.
 *
 * @param values `[B, h, w, c]` float32 with h·w = n
 * @returns `[B, h, w, c]`
 * @throws where the number of images or points differs from the lattice's
 * @example
 * const sums = latticeFilter(probabilities, lattice); // A = K S of the dense energy loss
 */
export function latticeFilter(values: tf.Tensor4D, lattice: LatticeTensors): tf.Tensor4D {
  const [batch, numPoints] = lattice.offsets.shape as [number, number];
  const [images, height, width] = values.shape;
  if (images !== batch || height * width !== numPoints)
    throw new Error(
      `latticeFilter: values [${values.shape.join()}] do not fit a lattice of ${batch} images × ${numPoints} points`,
    );
  const filter = tf.customGrad((x) => ({
    value: apply(x as tf.Tensor4D, lattice, false),
    gradFunc: (dy: tf.Tensor) => apply(dy as tf.Tensor4D, lattice, true),
  }));
  return filter(values) as tf.Tensor4D;
}

/**
 * K·values, or Kᵀ·values. One scatter of all corners: sorted lists and padded gathers were slower, and of the two
 * scatters only `scatterND` exists on wasm and takes linear time on cpu, where `unsortedSegmentSum` is quadratic.
 */
function apply(values: tf.Tensor4D, lattice: LatticeTensors, transposed: boolean): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, numPoints, corners] = lattice.offsets.shape as [number, number, number];
    const channels = values.shape[3];
    const points = batch * numPoints;
    const rows = lattice.neighbours.shape[2]!;
    const offsets = tf.reshape(lattice.offsets, [points * corners]);
    const weights = tf.reshape(lattice.weights, [points, corners, 1]);

    const parts = tf.mul(tf.reshape(values, [points, 1, channels]), weights); // [B·n, d+1, c]
    let vertices = tf.scatterND(
      tf.reshape(offsets, [points * corners, 1]),
      tf.reshape(parts, [points * corners, channels]),
      [rows, channels],
    ); // [B·(V+1), c]
    for (let pass = 0; pass < corners; pass++) {
      const axis = transposed ? corners - 1 - pass : pass;
      const side = (s: number) =>
        tf.reshape(tf.slice(lattice.neighbours, [axis, s, 0], [1, 1, rows]), [rows]);
      const both = tf.add(tf.gather(vertices, side(0)), tf.gather(vertices, side(1)));
      vertices = tf.add(vertices, tf.mul(both, 0.5));
    }
    vertices = tf.mul(vertices, 1 / (1 + 2 ** (1 - corners)));
    const sliced = tf.reshape(tf.gather(vertices, offsets), [points, corners, channels]);
    return tf.reshape(tf.sum(tf.mul(sliced, weights), 1), values.shape);
  });
}
