import { barrier, mapTree } from '@toco/core';
import { sliceLattice } from '@toco/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch.js';

/** What a batch gives: all means over its images. */
export interface BatchGradients {
  readonly loss: tf.Scalar;
  /** Other scalars. */
  readonly aux: Readonly<Record<string, tf.Tensor>>;
  /** By the path of the parameter. */
  readonly grads: Record<string, tf.Tensor>;
  /** Paths of the parameters that the loss does not depend on. */
  readonly unreached: readonly string[];
}

/**
 * The gradients of a batch, computed part by part: the mean over the parts is that of the whole, and in a compiled step no part is
 * begun before the gradients of the one before it are there, so that its memory is free again.
 *
 * @param parts k, a divisor of the number of images
 * @throws where it is none
 */
export function accumulated(
  batch: Batch,
  parts: number,
  gradientsOf: (part: Batch) => BatchGradients,
): BatchGradients {
  if (parts === 1) return gradientsOf(batch);
  const images = batch.images.shape[0];
  if (images % parts !== 0)
    throw new Error(`accumulate ${parts} does not divide a batch of ${images} images.`);
  const count = images / parts;
  let sum: BatchGradients | undefined;
  for (let from = 0; from < images; from += count) {
    const before = sum === undefined ? [] : Object.values(sum.grads);
    const part = mapTree(partOf(batch, { from, count }), (leaf) =>
      before.length === 0 ? leaf : barrier(leaf, before),
    );
    const own = gradientsOf(part);
    sum = sum === undefined ? own : added(sum, own);
  }
  const { loss, aux, grads, unreached } = sum!;
  const mean = <T extends tf.Tensor>(x: T): T => tf.mul<T>(x, 1 / parts);
  return { loss: mean(loss), aux: mapValues(aux, mean), grads: mapValues(grads, mean), unreached };
}

/** Consecutive images of a batch. */
function partOf(
  { lattice, ...rest }: Batch,
  images: { readonly from: number; readonly count: number },
): Batch {
  const cut = <T extends tf.Tensor>(x: T): T => {
    const [, ...sides] = x.shape;
    return tf.slice(x, [images.from, ...sides.map(() => 0)], [images.count, ...sides]);
  };
  return { ...mapTree(rest, cut), ...(lattice && { lattice: sliceLattice(lattice, images) }) };
}

function added(sum: BatchGradients, own: BatchGradients): BatchGradients {
  return {
    loss: tf.add(sum.loss, own.loss),
    aux: mapValues(sum.aux, (x, key) => tf.add(x, own.aux[key]!)),
    grads: mapValues(sum.grads, (x, key) => tf.add(x, own.grads[key]!)),
    unreached: sum.unreached,
  };
}

function mapValues(
  values: Readonly<Record<string, tf.Tensor>>,
  f: (x: tf.Tensor, key: string) => tf.Tensor,
): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(values).map(([key, x]) => [key, f(x, key)]));
}
