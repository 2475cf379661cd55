import type * as tfTypes from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { ignoreIndex } from './method-config.js';
import type { TermValues } from './loss-terms.js';
import type { Targets } from './targets.js';

/** Scalars that an iteration reports: the loss and its terms, and whether the targets are healthy. */
export interface StepMetrics extends TermValues {
  readonly loss: tfTypes.Scalar;
  /** Norm of the gradient over everything trained. */
  readonly gradNorm: tfTypes.Scalar;
  readonly lr: tfTypes.Scalar;
  /** Share of the local crops that are positives. */
  readonly positive?: tfTypes.Scalar;
  /** Share of the tokens without a label. */
  readonly tokenIgnored?: tfTypes.Scalar;
  /** Share of the pixels without a refined label. */
  readonly pixelIgnored?: tfTypes.Scalar;
}

/** Shares that show at a glance whether CAMs give usable targets. */
export function targetShares({
  cropFlags,
  tokenLabels,
  pixelLabels,
}: Targets): Partial<Pick<StepMetrics, 'positive' | 'tokenIgnored' | 'pixelIgnored'>> {
  const ignored = (labels: tf.Tensor): tf.Scalar =>
    tf.mean(tf.cast(tf.equal(labels, tf.scalar(ignoreIndex, 'int32')), 'float32'));
  return {
    ...(cropFlags && { positive: tf.mean<tf.Scalar>(tf.slice(cropFlags, [0, 2])) }),
    ...(tokenLabels && { tokenIgnored: ignored(tokenLabels) }),
    ...(pixelLabels && { pixelIgnored: ignored(pixelLabels) }),
  };
}

/** √Σ g² over all gradients. */
export function globalNorm(grads: Readonly<Record<string, tf.Tensor>>): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g))))));
}
