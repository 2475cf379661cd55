import { l2Normalize, resize, softmax } from '@toco/core';
import type { Refine } from '@toco/method';
import { par } from '@toco/par';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Pseudo labels spread to where the frozen features are alike, then to where the colors are (PAR): each patch takes the mean of all,
 * weighted by softmax(cos / τ). Features that do not change need no head start before they can be trusted.
 *
 * @param temperature τ: the smaller, the fewer patches count
 */
export const featureRefine =
  (temperature: number): Refine =>
  (images, planes, { main, config }) => {
    const { patchTokens, grid } = main;
    const [batch, , , classes] = planes.shape;
    const unit = l2Normalize(patchTokens, { epsilon: 1e-12 });
    const affinity = softmax(tf.div(tf.matMul(unit, unit, false, true), temperature)); // [B,N,N]
    const small = resize(planes, grid, { method: 'bilinear', alignCorners: false });
    const spread = tf.matMul(affinity, tf.reshape(small, [batch, grid[0] * grid[1], classes]));
    return par(images, tf.reshape(spread, [batch, ...grid, classes]), config.par);
  };
