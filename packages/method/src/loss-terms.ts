import { assertShape, resize, scope, type TensorTree, withoutGradient } from '@toco/core';
import { clsLoss, ctcLoss, denseEnergyLoss, ptcLoss, segLoss } from '@toco/losses';
import type { ApplyOptions } from '@toco/network';
import type { Network, NetworkOutput, NetworkParams, ProjectionHeadParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { StepConfig } from './method-config.js';
import type { Batch } from './batch.js';
import { ignoreIndex } from './method-config.js';
import { callOwn } from './own-function.js';
import { isOn, type LossTerm, type Phase } from './phase.js';
import type { Targets } from './targets.js';

/** What the terms are computed with. */
export interface LossContext<P extends TensorTree> {
  readonly network: Network<P>;
  readonly config: StepConfig;
  readonly phase: Phase;
  /** For the backbone, in every pass that a gradient goes through. */
  readonly forward: ApplyOptions;
  /** Terms of one's own. */
  readonly terms?: Readonly<Record<string, LossFunction<P>>> | undefined;
}

/**
 * A term of one's own: a scalar, differentiated with respect to `inputs.params`. What else it uses is a constant.
 *
 * @example
 * const sparsity: LossFunction = (_, { main }) => tf.mean(tf.abs(main.patchTokens));
 */
export type LossFunction<P extends TensorTree = TensorTree> = (
  context: LossContext<P>,
  inputs: LossInputs<P>,
) => tf.Scalar;

/** What {@link lossTermValues} looks at. */
export interface LossInputs<P extends TensorTree> {
  readonly params: NetworkParams<P>;
  readonly teacher: ProjectionHeadParams;
  /** The network by each average of its parameters, `teacher` among them: what an average covers is a constant. */
  readonly averages: Readonly<Record<string, NetworkParams<P>>>;
  readonly batch: Batch;
  /** The main view's forward pass. */
  readonly main: NetworkOutput;
  readonly targets: Targets;
}

/** The values of the terms that a phase computes; those of one's own stand beside the six, under their names. */
export type TermValues = Partial<Record<LossTerm, tf.Scalar>>;

/** The terms of the training loss that a phase has on, each unweighted (paper, equation 5). */
export function lossTermValues<P extends TensorTree>(
  context: LossContext<P>,
  inputs: LossInputs<P>,
): TermValues {
  const { network, config, phase, forward, terms = {} } = context;
  const { params, teacher, batch, main, targets } = inputs;
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
    if (upsampled) return upsampled;
    const [B, H, W] = batch.images.shape;
    const logits = network.segment(params, main);
    // A network of one's own could give others, and what is learned from them would still be a number.
    assertShape('network.segment (background and classes)', logits, [
      B,
      ...main.grid,
      network.numClasses + 1,
    ]);
    return (upsampled = resize(logits, [H, W], { method: 'bilinear', alignCorners: false }));
  };
  for (const name of ['clsLogits', 'auxLogits'] as const) {
    if (!((main[name] as unknown) instanceof tf.Tensor))
      throw new Error(`network.forward gave no ${name}; return what that of createNetwork does, and more.`);
    assertShape(`network.forward: ${name}`, main[name], [batch.images.shape[0], network.numClasses]);
  }
  const reg = (): tf.Scalar => {
    const { pixelLabels } = required(targets, 'pixelLabels');
    if (!batch.lattice) throw new Error('The batch has no lattice, which the regularization term needs.');
    const { lattice, imgBox } = batch;
    return denseEnergyLoss(
      segLogits(),
      { labels: pixelLabels, imgBox, lattice },
      { ignoreIndex, weight: config.reg.scale, downsample: config.reg.downsample },
    );
  };

  const own = Object.entries(terms).map(([name, term]) => [
    name,
    () =>
      scalar(
        name,
        callOwn(`The term ${name}`, inputs, (given) => term(context, given)),
      ),
  ]);
  const six: Record<LossTerm, () => tf.Scalar> = {
    cls: () => clsLoss(main.clsLogits, batch.labels),
    clsAux: () => clsLoss(main.auxLogits, batch.labels),
    ptc: () =>
      ptcLoss(main.patchTokens, required(targets, 'affinity').affinity, { ...grouped, ...config.ptc }),
    ctc,
    seg: () => segLoss(segLogits(), required(targets, 'segLabels').segLabels, { ignoreIndex, ...grouped }),
    reg,
  };
  const compute = { ...six, ...(Object.fromEntries(own) as Record<string, () => tf.Scalar>) };
  const on = Object.entries(compute).filter(([term]) => isOn(phase, term));
  return Object.fromEntries(on.map(([term, value]) => [term, scope(term, value)]));
}

/** @throws where a term of one's own is none */
function scalar(name: string, value: tf.Scalar): tf.Scalar {
  if (!((value as unknown) instanceof tf.Tensor) || value.shape.length > 0)
    throw new Error(`The term ${name} gave no scalar: return a tensor of shape [], such as tf.mean(…).`);
  return value;
}

/** The weighted sum of the terms; terms of weight 0 take no part. */
export function totalLoss({ weights }: Phase, values: TermValues): tf.Scalar {
  const weighted = Object.entries(values)
    .filter(([term]) => (weights[term] ?? 0) > 0)
    .map(([term, value]) => tf.mul(value, weights[term]!));
  if (weighted.length === 0)
    throw new Error('All weights of the phase are 0: give at least one term a weight.');
  return weighted.reduce((sum, value) => tf.add(sum, value)) as tf.Scalar;
}

/** The named targets: ours are there where the phase needs them, of one's own some may be missing. */
function required<K extends keyof Targets>(targets: Targets, ...keys: K[]): Required<Pick<Targets, K>> {
  for (const key of keys)
    if (targets[key] === undefined)
      throw new Error(
        `The target ${key} is missing, and the phase weighs a term that learns from it: let targets return it, as computeTargets does.`,
      );
  return targets as Required<Pick<Targets, K>>;
}
