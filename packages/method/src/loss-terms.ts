import { resize, scope, type TensorTree, withoutGradient } from '@toco/core';
import { clsLoss, ctcLoss, denseEnergyLoss, ptcLoss, segLoss } from '@toco/losses';
import type { ApplyOptions } from '@toco/network';
import type { Network, NetworkOutput, NetworkParams, ProjectionHeadParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { StepConfig } from './method-config.js';
import type { Batch } from './batch.js';
import { ignoreIndex } from './method-config.js';
import { isOn, type LossTerm, type Phase } from './phase.js';
import type { Targets } from './targets.js';

/** What the terms are computed with. */
export interface LossContext<P extends TensorTree> {
  readonly network: Network<P>;
  readonly config: StepConfig;
  readonly phase: Phase;
  /** For the backbone, in every pass that a gradient goes through. */
  readonly forward: ApplyOptions;
}

/** What {@link lossTermValues} looks at. */
export interface LossInputs<P extends TensorTree> {
  readonly params: NetworkParams<P>;
  readonly teacher: ProjectionHeadParams;
  readonly batch: Batch;
  /** The main view's forward pass. */
  readonly main: NetworkOutput;
  readonly targets: Targets;
}

/** The values of the terms that a phase computes. */
export type TermValues = Partial<Record<LossTerm, tf.Scalar>>;

/** The terms of the training loss that a phase has on, each unweighted (paper, eq. 7). */
export function lossTermValues<P extends TensorTree>(
  { network, config, phase, forward }: LossContext<P>,
  { params, teacher, batch, main, targets }: LossInputs<P>,
): TermValues {
  const { groupSize } = config;
  const grouped = groupSize === undefined ? {} : { groupSize };

  const ctc = (): tf.Scalar => {
    const { crops, cropFlags } = required(targets, 'crops', 'cropFlags');
    const second = network.clsToken(params, batch.globalView, forward);
    const local = network.clsToken(params, crops, forward); // [P·B,D]
    const student = network.project(params.proj_head, tf.concat([main.clsToken, second, local], 0)); // view-major
    const taught = withoutGradient(() => network.project(teacher, tf.concat([main.clsToken, second], 0)));
    return ctcLoss(student, taught, cropFlags, config.ctc);
  };
  let upsampled: tf.Tensor4D | undefined;
  const segLogits = (): tf.Tensor4D => {
    const [, H, W] = batch.images.shape;
    return (upsampled ??= resize(network.segment(params, main), [H, W], {
      method: 'bilinear',
      alignCorners: false,
    }));
  };
  const reg = (): tf.Scalar => {
    const { pixelLabels } = required(targets, 'pixelLabels');
    if (!batch.lattice) throw new Error('The batch has no lattice, which the regularisation term needs.');
    const { lattice, imgBox } = batch;
    return denseEnergyLoss(
      segLogits(),
      { labels: pixelLabels, imgBox, lattice },
      { ignoreIndex, weight: config.reg.scale, downsample: config.reg.downsample },
    );
  };

  const compute: Record<LossTerm, () => tf.Scalar> = {
    cls: () => clsLoss(main.clsLogits, batch.labels),
    clsAux: () => clsLoss(main.auxLogits, batch.labels),
    ptc: () =>
      ptcLoss(main.patchTokens, required(targets, 'affinity').affinity, { ...grouped, ...config.ptc }),
    ctc,
    seg: () => segLoss(segLogits(), required(targets, 'segLabels').segLabels, { ignoreIndex, ...grouped }),
    reg,
  };
  const terms = Object.keys(compute) as LossTerm[];
  return Object.fromEntries(
    terms.filter((term) => isOn(phase, term)).map((term) => [term, scope(term, compute[term])]),
  );
}

/** The weighted sum of the terms; terms of weight 0 take no part. */
export function totalLoss({ weights }: Phase, values: TermValues): tf.Scalar {
  const weighted = (Object.entries(values) as [LossTerm, tf.Scalar][])
    .filter(([term]) => weights[term] > 0)
    .map(([term, value]) => tf.mul(value, weights[term]));
  if (weighted.length === 0)
    throw new Error('All weights of the phase are 0: give at least one term a weight.');
  return weighted.reduce((sum, value) => tf.add(sum, value)) as tf.Scalar;
}

/** The named targets, of which the phase has made sure that they are there. */
function required<K extends keyof Targets>(targets: Targets, ...keys: K[]): Required<Pick<Targets, K>> {
  for (const key of keys)
    if (targets[key] === undefined) throw new Error(`internal: target ${key} was not computed`);
  return targets as Required<Pick<Targets, K>>;
}
