import { mapTree, scope, tidied, valueAndGrad, withoutGradient, type TensorTree } from '@toco/core';
import type { ApplyOptions } from '@toco/network';
import type { Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { StepConfig } from './method-config.js';
import { adamW } from './optimizer/adamw.js';
import { learningRateTensor } from './optimizer/learning-rate.js';
import { assignGroups } from './optimizer/parameter-groups.js';
import { accumulated } from './accumulated.js';
import type { Batch } from './batch.js';
import { ema } from './ema.js';
import { lossTermValues, totalLoss } from './loss-terms.js';
import { globalNorm, targetShares, type StepMetrics } from './metrics.js';
import { tocoParameterGroups } from './toco-groups.js';
import type { Phase } from './phase.js';
import { computeTargets } from './targets.js';
import { trainedParameters, type TrainState } from './train-state.js';

/** One iteration as a pure function; see {@link trainStep}. */
export type TrainStep<P extends TensorTree = TensorTree> = (
  state: TrainState<P>,
  batch: Batch,
  phase: Phase,
) => { readonly state: TrainState<P>; readonly metrics: StepMetrics };

/** Makes of gradients of this process those of all that train together, see `allReduce` of `@toco/graph`. */
export type ReduceGradients = (grads: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

/** What {@link trainStep} is made of. */
export interface TrainStepOptions<P extends TensorTree> {
  readonly network: Network<P>;
  readonly forward?: ApplyOptions | undefined;
  readonly targetForward?: ApplyOptions | undefined;
  readonly reduce?: ReduceGradients | undefined;
}

/**
 * One iteration of ToCo (paper, section 3, algorithm of the supplement): teacher → targets → six terms → gradients → AdamW.
 *
 * A pure function of state, batch and phase: shapes are static, nothing is read back, no randomness is drawn, so that it
 * runs eagerly on any backend and as one compiled graph alike. Nothing given is disposed; the new state shares the
 * leaves that did not change.
 *
 * `forward` reaches the backbone in every pass that a gradient goes through: `{ wrapBlock: checkpointed }` recomputes blocks
 * in the backward pass (`@toco/graph`). `targetForward` reaches it in the passes of the CAMs, see `lanesOf`. `reduce` takes the
 * gradients of all parameters that the phase's terms reach, where several processes train on parts of a batch.
 *
 * @throws when a trained parameter belongs to no parameter group
 * @example
 * const step = trainStep(stepConfig({ numClasses: 20 }), { network });
 * const { state, metrics } = step(initTrainState(network, network.init(0)), batch, phaseAt(config.phases, 0));
 */
export function trainStep<P extends TensorTree>(
  config: StepConfig,
  { network, forward = {}, targetForward = {}, reduce = (grads) => grads }: TrainStepOptions<P>,
): TrainStep<P> {
  return (state, batch, phase) => {
    const iteration = (): ReturnType<TrainStep<P>> => {
      const teacher = scope('teacher', () => ema(state.teacher, state.params.proj_head, config.teacher));
      const trained = trainedParameters(network, state.params);
      const paths = Object.keys(trained);

      // What it returns is inferred, so that the metrics keep their types.
      const lossOf = (parameters: Record<string, tf.Tensor>, batch: Batch) => {
        const params = withTrained(state.params, parameters);
        const main = scope('main', () => network.forward(params, batch.images, forward));
        const targets = withoutGradient(() =>
          computeTargets({ network, config, phase, forward: targetForward }, { params, batch, main }),
        );
        const terms = lossTermValues(
          { network, config, phase, forward },
          { params, teacher, batch, main, targets },
        );
        return {
          loss: totalLoss(phase, terms),
          aux: { ...terms, ...withoutGradient(() => targetShares(targets)) },
        };
      };
      const gradientsOf = (part: Batch) =>
        valueAndGrad((parameters) => scope('forward', () => lossOf(parameters, part)), trained);
      const { loss, aux, unreached, ...own } = scope('backward', () =>
        accumulated(batch, config.accumulate, gradientsOf),
      );
      const reached = Object.entries(own.grads).filter(([path]) => !unreached.includes(path));
      const grads = { ...own.grads, ...scope('reduce', () => reduce(Object.fromEntries(reached))) };

      const lr = learningRateTensor(config.optimizer, state.step);
      const update = scope('optimizer', () =>
        adamW(trained, grads, {
          state: state.optimizer,
          step: state.step,
          lr,
          groups: assignGroups(tocoParameterGroups(config, paths), paths),
          options: config.optimizer,
        }),
      );
      return {
        state: {
          step: tf.add(state.step, tf.scalar(1, 'int32')),
          params: withTrained(state.params, update.parameters),
          teacher,
          optimizer: update.state,
        },
        metrics: { loss, ...aux, gradNorm: globalNorm(grads), lr },
      };
    };
    return tidied(iteration);
  };
}

/** The parameters with those at the given paths replaced; all others are shared. */
function withTrained<P extends TensorTree>(
  params: NetworkParams<P>,
  trained: Readonly<Record<string, tf.Tensor>>,
): NetworkParams<P> {
  return mapTree(params, (leaf, path) => trained[path] ?? leaf);
}
