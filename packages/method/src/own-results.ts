import { assertShape, nearestName } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch.js';
import type { Targets } from './targets.js';

const names: Readonly<Record<keyof Targets, true>> = {
  ...{ cam: true, camAux: true, tokenLabels: true, affinity: true, cropOrigins: true, cropFlags: true },
  ...{ crops: true, pixelLabels: true, segLabels: true, extra: true },
};

/**
 * Throws one line unless a function of one's own gave targets: of known names, and of the shapes that the terms take.
 *
 * @param size side of a local crop
 */
export function assertTargets(targets: Targets, { images }: Batch, size: number): void {
  const given: unknown = targets;
  if (typeof given !== 'object' || given === null || 'then' in given)
    throw new Error(
      `targets gave ${typeof given === 'object' && given !== null ? 'a promise' : typeof given}; return an object at once, such as computeTargets(context, inputs).`,
    );
  const known = Object.keys(names);
  const unknown = Object.keys(targets).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = nearestName(unknown, known);
    throw new Error(
      `targets gave ${unknown}, which no term takes; ${near === undefined ? '' : `did you mean ${near}? Else `}give it in extra: { ${unknown} }.`,
    );
  }
  const [B, H, W] = images.shape;
  const { segLabels, pixelLabels, affinity, crops, cropFlags } = targets;
  if (segLabels) assertShape('targets: segLabels', segLabels, [B, H, W]);
  if (pixelLabels) assertShape('targets: pixelLabels', pixelLabels, [B, H, W]);
  if (affinity) assertShape('targets: affinity', affinity, [B, 'N', 'N']);
  if (crops) assertShape('targets: crops', crops, [null, size, size, 3]);
  if (cropFlags) assertShape('targets: cropFlags', cropFlags, [B, null]);
}

/** Throws one line unless a refinement of one's own gave planes as it got them. */
export function assertPlanes(refined: tf.Tensor4D, planes: tf.Tensor4D): tf.Tensor4D {
  if (!((refined as unknown) instanceof tf.Tensor))
    throw new Error(`refine gave ${String(refined)}; return a tensor [${planes.shape.join()}], at once.`);
  assertShape('refine: what it gave', refined, planes.shape);
  if (refined.dtype !== 'float32')
    throw new Error(`refine gave planes of ${refined.dtype}; return float32, as it gets them.`);
  return refined;
}
