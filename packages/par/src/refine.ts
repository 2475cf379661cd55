import { assertShape, fuse, withoutGradient } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { defaultDilations, neighborOffsets, neighbors, padded } from './neighborhood.js';
import { assertDilations, type RefineOptions } from './options.js';

/**
 * Iterates mask ← Σ weights · neighbor masks. Every plane is refined on its own, so planes of several stacks go through
 * together, and planes that are known to be 0 (classes absent from the image) may be left out. A constant to any gradient.
 *
 * @param masks `[B,H,W,C]`
 * @param affinity `[B,H,W,8·dilations]` of {@link parAffinity}
 * @returns `[B,H,W,C]`
 * @throws where sizes disagree or the affinity was made with another number of dilations
 * @example
 * const refined = refine(masks, parAffinity(images), { iterations: 10 });
 */
export function refine(masks: tf.Tensor, affinity: tf.Tensor, options: RefineOptions = {}): tf.Tensor4D {
  const { dilations = defaultDilations } = options;
  const { B, H, W } = assertShape('refine: masks', masks, ['B', 'H', 'W', 'C']);
  assertDilations('refine', dilations);
  assertShape('refine: affinity', affinity, [B, H, W, 8 * dilations.length]);
  return withoutGradient(() =>
    tf.tidy(() =>
      refinePlanes(masks as tf.Tensor4D, tf.transpose(affinity as tf.Tensor4D, [3, 0, 1, 2]), options),
    ),
  );
}

/**
 * {@link refine} with an affinity `[8·dilations,B,H,W]`: by one operation where the backend has it (`@toco/runtime` adds it to
 * TensorFlow on the CPU), else by many.
 *
 * Planes come before pixels, so that a weight plane meets whole planes: products with one weight for several channels in
 * a row took 1.2 times as long on TensorFlow's CPU kernels.
 */
export function refinePlanes(
  masks: tf.Tensor4D,
  affinity: tf.Tensor4D,
  { iterations = 10, dilations = defaultDilations }: RefineOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const planes = tf.transpose(masks, [3, 0, 1, 2]); // [C,B,H,W]
    // undefined where there is none, although the type does not say so
    const kernel = tf.getKernel('TocoRefine', tf.getBackend()) as unknown;
    const refined =
      kernel === undefined
        ? refineByPieces(planes, affinity, iterations, dilations)
        : (tf
            .engine()
            .runKernel(
              'TocoRefine',
              { planes, weights: affinity },
              { iterations, offsets: dilations.flatMap(neighborOffsets).flat() },
            ) as tf.Tensor4D);
    return tf.transpose(refined, [1, 2, 3, 0]);
  });
}

function refineByPieces(
  first: tf.Tensor4D,
  affinity: tf.Tensor4D,
  iterations: number,
  dilations: readonly number[],
): tf.Tensor4D {
  return tf.tidy(() => {
    const reach = Math.max(...dilations);
    const pad = (planes: tf.Tensor4D): tf.Tensor4D => padded(planes, reach);
    const weights = tf.unstack(affinity); // M × [B,H,W]
    let planes = tf.clone(first);
    for (let iteration = 0; iteration < iterations; iteration++) {
      const previous = planes;
      planes = tf.tidy(() => {
        const around = fuse(pad)(previous);
        // By dilation, since groups of 8 keep the memory at some ten maps and are what XLA turns into vector code: all 48
        // at once took twice the time.
        return dilations.reduce<tf.Tensor4D | undefined>((total, dilation, i) => {
          const group = fuse(weightedNeighbors(dilation, reach));
          const sum = group(around, weights.slice(8 * i, 8 * (i + 1)), total ? [total] : []);
          total?.dispose();
          return sum;
        }, undefined)!;
      });
      previous.dispose();
    }
    return planes;
  });
}

/** Adds the 8 neighbors at one distance, each times its weight, to what was summed before. */
function weightedNeighbors(dilation: number, reach: number) {
  return (around: tf.Tensor4D, weights: tf.Tensor[], before: tf.Tensor4D[]): tf.Tensor4D =>
    tf.tidy(() => {
      const terms = neighbors(around, dilation, reach).map((neighbor, i) => {
        const product = tf.mul(neighbor, weights[i]!);
        neighbor.dispose();
        return product;
      });
      return tf.addN([...before, ...terms]) as tf.Tensor4D;
    });
}
