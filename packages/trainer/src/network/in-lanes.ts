import type { ApplyOptions } from '@toco/backbone';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Lets a backbone compute each block for parts of the batch, at most `lanes` of equal size, so that an engine that runs
 * operations side by side always has some at hand. For passes that no gradient goes through: it would come in parts too.
 *
 * @example
 * network.forward(params, images, { wrapBlock: inLanes(2) });
 */
export function inLanes(lanes: number): NonNullable<ApplyOptions['wrapBlock']> {
  return (block) => (tokens, weights) => {
    const parts = divisorUpTo(lanes, tokens.shape[0]);
    if (parts === 1) return block(tokens, weights);
    return tf.tidy(() =>
      tf.concat(
        tf.split<tf.Tensor3D>(tokens, parts).map((part) => block(part, weights)),
        0,
      ),
    );
  };
}

function divisorUpTo(limit: number, count: number): number {
  for (let parts = limit; parts > 1; parts--) if (count % parts === 0) return parts;
  return 1;
}
