import type { BatchFeed } from '@toco/datasets';
import { allReduce } from '@toco/graph';
import type { Batch, TrainStep } from '@toco/method';
import * as tf from '@tensorflow/tfjs-core';
import type { Stepper } from '../execution/eager.js';
import type { Together } from './together.js';

/** A step that reports the mean of all processes' metrics, and above 0 as `stop` where one of them wants to stop. */
export function sharedStep(step: TrainStep): TrainStep {
  return (state, batch, phase) => {
    // which `withStop` has put there
    const { stop, ...own } = batch as Batch & { readonly stop: tf.Scalar };
    const { state: next, metrics } = step(state, own, phase);
    // Of what is the same in all processes already, the mean of three is not always the same number.
    const { gradNorm, lr, ...measured } = metrics;
    const shared = allReduce({ ...measured, stop: tf.cast(stop, 'float32') }, { bucketBytes: Infinity });
    return { state: next, metrics: { ...shared, gradNorm, lr } };
  };
}

/** A batch that says whether this process wants to stop. */
export function withStop(feed: BatchFeed, { peers, asked }: Together): BatchFeed {
  if (!peers) return feed;
  const stop = { data: Float32Array.of(asked!.aborted ? 1 : 0), shape: [] };
  return { ...feed, ...{ stop } };
}

/** Steps of several processes, after one of which all of them stop where any of them wants to. */
export function sharedStepper(stepper: Stepper, together: Together): Stepper {
  if (!together.peers) return stepper;
  return {
    ...stepper,
    async step(feed, phase) {
      const metrics = await stepper.step(withStop(feed, together), phase);
      const { stop, ...measured } = metrics as typeof metrics & { readonly stop: number };
      if (stop > 0) together.agreeToStop();
      return measured;
    },
  };
}
