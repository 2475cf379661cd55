import { assertShape, withoutGradient } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { defaultDilations, neighbourOffsets, neighboursOf } from './neighbourhood.js';

/** Standard deviations of colour and position are divided by this. */
const SHARPNESS = 0.3;
/** Weight of the position term. */
const POSITION_WEIGHT = 0.01;
/** Keeps the division finite where all neighbours are equal. */
const EPSILON = 1e-8;

/** Options of {@link parAffinity}. */
export interface ParAffinityOptions {
  /** Distances in pixels at which the 8 neighbours of a pixel are taken. */
  readonly dilations?: readonly number[];
}

/**
 * Weights of the neighbours of every pixel from the image alone: what {@link refine} applies (ToCo, section 3.3; the
 * pixel-adaptive refinement of AFA).
 *
 * With d the difference of a neighbour and the pixel in one channel, σ the unbiased standard deviation of that channel
 * over all neighbours, and r the distance of a neighbour (times √2 on diagonals):
 * weights = softmax(−mean_channels (d/(σ + 1e-8)/0.3)²) + 0.01·softmax(−(r/(σ_r + 1e-8)/0.3)²).
 * They sum to 1.01. Beyond the border the nearest pixel counts. A constant to any gradient.
 *
 * @param images `[B,H,W,3]`, 0…1
 * @returns `[B,H,W,8·dilations]`, the 8 neighbours of the first dilation first
 * @throws where the images have another shape or there is no dilation
 * @example
 * const affinity = parAffinity(images);
 * const refined = refine(masks, affinity);
 */
export function parAffinity(
  images: tf.Tensor,
  { dilations = defaultDilations }: ParAffinityOptions = {},
): tf.Tensor4D {
  assertShape('parAffinity: images', images, ['B', 'H', 'W', 3]);
  assertDilations('parAffinity', dilations);
  return withoutGradient(() => tf.tidy(() => weights(images as tf.Tensor4D, dilations)));
}

function weights(images: tf.Tensor4D, dilations: readonly number[]): tf.Tensor4D {
  const offsets = neighbourOffsets(dilations);
  // Scopes of their own, since maps of all neighbours are large and only one of them is wanted at a time.
  const neighbours = tf.tidy(() => tf.stack(offsets.map(neighboursOf(images, dilations)))); // [M,B,H,W,3]
  const scale = tf.tidy(() => {
    const difference = tf.sub(neighbours, tf.mean(neighbours, 0));
    const squares = tf.square(difference);
    difference.dispose();
    const sigma = tf.sqrt(tf.mul(tf.sum(squares, 0), 1 / (offsets.length - 1)));
    return tf.div(1 / SHARPNESS, tf.add(sigma, EPSILON)); // [B,H,W,3]
  });
  const difference = tf.sub(neighbours, images);
  neighbours.dispose();
  const scaled = tf.mul(difference, scale);
  difference.dispose();
  const distances = tf.square(scaled);
  scaled.dispose();
  const logits = tf.transpose(tf.neg(tf.mean(distances, 4)), [1, 2, 3, 0]); // [B,H,W,M]
  distances.dispose();
  return tf.add(tf.softmax(logits), tf.tensor1d(positionWeights(offsets)));
}

/** 0.01·softmax of the position term, the same at every pixel. */
function positionWeights(offsets: readonly (readonly [number, number])[]): number[] {
  const distances = offsets.map(([y, x]) => Math.hypot(y, x));
  const mean = distances.reduce((a, b) => a + b) / distances.length;
  const variance = distances.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (distances.length - 1);
  const sigma = Math.sqrt(variance) + EPSILON;
  const logits = distances.map((r) => -((r / sigma / SHARPNESS) ** 2));
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((e) => (POSITION_WEIGHT * e) / sum);
}

/** Refuses an empty list and distances that are no positive whole numbers. */
export function assertDilations(name: string, dilations: readonly number[]): void {
  if (dilations.length === 0 || !dilations.every((r) => Number.isInteger(r) && r > 0))
    throw new Error(`${name}: dilations are [${dilations.join()}], expected positive whole numbers`);
}
