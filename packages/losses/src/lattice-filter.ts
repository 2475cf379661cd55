import * as tf from '@tensorflow/tfjs-core';
import type { LatticeArrays } from '@toco/crf';

/** The arrays of {@link LatticeArrays} as tensors, which the step may be given as inputs. */
export interface LatticeTensors {
  /** `[B, n, d+1]` int32 */
  readonly offsets: tf.Tensor;
  /** `[B, n, d+1]` float32 */
  readonly weights: tf.Tensor;
  /** `[d+1, 2, B·(V+1)]` int32 */
  readonly neighbors: tf.Tensor;
}

/**
 * Uploads packed lattices; the caller disposes the three tensors.
 *
 * @example
 * const lattice = latticeTensors(packLattices(lattices));
 */
export function latticeTensors(arrays: LatticeArrays): LatticeTensors {
  const { batch, numPoints, dimensions, vertices, offsets, weights, neighbors } = arrays;
  const corners = dimensions + 1;
  return {
    offsets: tf.tensor3d(offsets, [batch, numPoints, corners], 'int32'),
    weights: tf.tensor3d(weights, [batch, numPoints, corners], 'float32'),
    neighbors: tf.tensor3d(neighbors, [corners, 2, batch * (vertices + 1)], 'int32'),
  };
}

/**
 * The lattices of some images of a batch, which lie one after the other.
 *
 * @example
 * const second = sliceLattice(lattice, { from: 2, count: 2 }); // of images 2 and 3
 */
export function sliceLattice(
  { offsets, weights, neighbors }: LatticeTensors,
  { from, count }: { readonly from: number; readonly count: number },
): LatticeTensors {
  const [images, n, corners] = offsets.shape as [number, number, number];
  const rows = neighbors.shape[2]! / images;
  const first = tf.scalar(from * rows, 'int32');
  const ofImages = (x: tf.Tensor): tf.Tensor => tf.slice(x, [from, 0, 0], [count, n, corners]);
  return {
    offsets: tf.sub(ofImages(offsets), first),
    weights: ofImages(weights),
    neighbors: tf.sub(tf.slice(neighbors, [0, 0, from * rows], [corners, 2, count * rows]), first),
  };
}

/**
 * The filter of `filterLattice` of `@toco/crf` as tensor operations on prebuilt lattices: out = K·values per image and channel.
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
 * K·values, or Kᵀ·values: by one operation where the backend has it (`@toco/runtime` adds it to TensorFlow on the CPU), else
 * by many.
 */
function apply(values: tf.Tensor4D, lattice: LatticeTensors, transposed: boolean): tf.Tensor4D {
  // undefined where there is none, although the type does not say so
  const kernel = tf.getKernel('TocoLatticeFilter', tf.getBackend()) as unknown;
  if (kernel === undefined) return applyByGathers(values, lattice, transposed);
  const { offsets, weights, neighbors } = lattice;
  return tf
    .engine()
    .runKernel(
      'TocoLatticeFilter',
      { values, offsets, weights, neighbors },
      { reverse: transposed },
    ) as tf.Tensor4D;
}

/**
 * K·values, or Kᵀ·values. One scatter of all corners: sorted lists and padded gathers were slower, and of the two
 * scatters only `scatterND` exists on wasm and takes linear time on cpu, where `unsortedSegmentSum` is quadratic.
 */
function applyByGathers(values: tf.Tensor4D, lattice: LatticeTensors, transposed: boolean): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, numPoints, corners] = lattice.offsets.shape as [number, number, number];
    const channels = values.shape[3];
    const points = batch * numPoints;
    const rows = lattice.neighbors.shape[2]!;
    const weights = tf.reshape(lattice.weights, [points, corners, 1]);

    let vertices = tf.tidy(() => {
      const parts = tf.mul(tf.reshape(values, [points, 1, channels]), weights); // [B·n, d+1, c]
      const rowOfPart = tf.reshape(lattice.offsets, [points * corners, 1]);
      return tf.scatterND(rowOfPart, tf.reshape(parts, [points * corners, channels]), [rows, channels]);
    }); // [B·(V+1), c]
    for (let pass = 0; pass < corners; pass++) {
      const axis = transposed ? corners - 1 - pass : pass;
      const previous = vertices;
      vertices = tf.tidy(() => blur(previous, lattice.neighbors, axis));
      previous.dispose();
    }
    vertices = tf.mul(vertices, 1 / (1 + 2 ** (1 - corners)));
    const corner = tf.gather(vertices, tf.reshape(lattice.offsets, [points * corners]));
    const weighted = tf.tidy(() => tf.mul(tf.reshape(corner, [points, corners, channels]), weights));
    corner.dispose();
    return tf.reshape(tf.sum(weighted, 1), values.shape);
  });
}

/** v + ½(n₁ + n₂) along one axis; row 0 of each image is its own neighbor and stays 0. */
function blur(vertices: tf.Tensor, neighbors: tf.Tensor, axis: number): tf.Tensor {
  const rows = vertices.shape[0]!;
  const [first, second] = [0, 1].map((side) =>
    tf.gather(vertices, tf.reshape(tf.slice(neighbors, [axis, side, 0], [1, 1, rows]), [rows])),
  );
  return tf.add(vertices, tf.mul(tf.add(first!, second!), 0.5));
}
