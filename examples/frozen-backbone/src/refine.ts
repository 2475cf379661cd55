import { spreadPlanes } from '@toco/cam';
import type { Refine } from '@toco/method';
import { par } from '@toco/par';
import * as tf from '@tensorflow/tfjs-core';

/** How much the likest patches count: the softmax of cosines times this. */
const sharpness = 10;

/**
 * What a frozen backbone knows already refines the labels: planes spread between patches whose tokens are alike, then PAR brings them
 * to the edges.
 */
export const byLikeness: Refine = (images, planes, { main, config }) => {
  const { patchTokens, grid } = main;
  const norms = tf.sqrt(tf.sum(tf.square(patchTokens), 2, true));
  const unit = tf.div<tf.Tensor3D>(patchTokens, tf.add(norms, 1e-6));
  const affinity = tf.softmax(tf.mul(tf.matMul(unit, unit, false, true), sharpness));
  return par(images, spreadPlanes(planes, affinity, { grid, iterations: 2 }), config.par);
};
