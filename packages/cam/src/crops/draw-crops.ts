import { assertShape } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertCropsFit, type CropsOptions } from './eligible-centers.js';

/**
 * Draws local crops among eligible centers, without replacement: the P largest values of the noise.
 *
 * The randomness is an input, so that the step which calls this is a function of its inputs alone. With independent
 * uniform noise every set of P eligible centers is equally likely.
 *
 * @param eligible `[B,H,W]`, from `eligibleCenters`.
 * @param noise `[B,H,W]`, uniform in 0 … 1.
 * @returns `[B,P,2]`, int32: y and x of the top-left corners, in 0 … side − s − 1.
 * @example
 * const origins = drawCrops(eligible, cropNoise, { cropSize: 96, numCrops: 8 });
 */
export function drawCrops(
  eligible: tf.Tensor,
  noise: tf.Tensor,
  { cropSize, numCrops }: CropsOptions,
): tf.Tensor3D {
  const { B, H, W } = assertShape('drawCrops: eligible', eligible, ['B', 'H', 'W']);
  assertShape('drawCrops: noise', noise, [B, H, W]);
  assertCropsFit('drawCrops', [H, W], { cropSize, numCrops });
  return tf.tidy(() => {
    const scores = tf.where(tf.cast(eligible, 'bool'), noise, tf.fill([B, H, W], -1));
    const { indices } = tf.topk(tf.reshape(scores, [B, H * W]), numCrops);
    const width = tf.scalar(W, 'int32');
    const y = tf.floorDiv(indices, width);
    const x = tf.sub(indices, tf.mul(y, width));
    return tf.sub(tf.stack([y, x], 2), tf.scalar(cropSize / 2, 'int32'));
  });
}
