import { detach, resize } from '@toco/core';
import { clsLoss, segLoss } from '@toco/losses';
import {
  computeTargets,
  ignoreIndex,
  isOn,
  type LossContext,
  type LossFunction,
  type LossInputs,
  type MethodParts,
} from '@toco/method';
import type { NetworkOutput } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { secondStudent } from './network.js';

/** The second student's pass over the main views, once for all terms of an iteration. */
const passes = new WeakMap<LossInputs<object>, NetworkOutput>();
function second({ network, forward }: LossContext<object>, inputs: LossInputs<object>): NetworkOutput {
  const seen =
    passes.get(inputs) ?? network.forward(secondStudent(inputs.params), inputs.batch.images, forward);
  passes.set(inputs, seen);
  return seen;
}

/** Classification of the second student, by its final and its auxiliary tokens. */
const secondCls: LossFunction = (context, inputs) => {
  const { clsLogits, auxLogits } = second(context, inputs);
  const { labels } = inputs.batch;
  return tf.add(clsLoss(clsLogits, labels), clsLoss(auxLogits, labels));
};

/** Segmentation of the second student on the first's pseudo labels. */
const secondSeg: LossFunction = (context, inputs) => {
  const labels = inputs.targets.extra!['secondLabels'] as tf.Tensor3D;
  const [, H, W] = labels.shape;
  const logits = context.network.segment(secondStudent(inputs.params), second(context, inputs));
  const full = resize(logits, [H, W], { method: 'bilinear', alignCorners: false });
  const { groupSize } = context.config;
  return segLoss(full, labels, { ignoreIndex, ...(groupSize !== undefined && { groupSize }) });
};

/** −log(1 − cos) of what both see in an image, each with the other held still: two students that agree from the start teach nothing. */
const discrepancy: LossFunction = (context, inputs) => {
  const [one, other] = [inputs.main, second(context, inputs)].map(({ patchTokens }) =>
    unit(tf.mean(patchTokens, 1)),
  );
  const apart = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.neg(tf.mean(tf.log(tf.add(tf.sub(1, tf.sum(tf.mul(a, b), 1)), 1e-3))));
  return tf.add(apart(one!, detach(other!)), apart(other!, detach(one!)));
};

const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.add(tf.sqrt(tf.sum(tf.square(x), 1, true)), 1e-6));

/** Each student learns to segment by the labels that the other's CAM gives. */
export const dualStudent: MethodParts = {
  terms: { secondCls, secondSeg, discrepancy },
  targets(context, inputs) {
    const byFirst = computeTargets(context, inputs);
    if (!isOn(context.phase, 'seg')) return byFirst;
    const params = secondStudent(inputs.params);
    const main = context.network.forward(params, inputs.batch.images, context.forward);
    const { pixelLabels, segLabels } = computeTargets(context, { ...inputs, params, main });
    return {
      ...byFirst,
      ...(pixelLabels && { pixelLabels }),
      segLabels: segLabels!,
      extra: { secondLabels: byFirst.segLabels! },
    };
  },
};
