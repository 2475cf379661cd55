import {
  assertKeys,
  flattenTree,
  scope,
  tidied,
  valueAndGrad,
  withoutGradient,
  type TensorTree,
} from '@toco/core';
import type { ApplyOptions } from '@toco/network';
import type { Network } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { StepConfig } from './method-config.js';
import { adamW } from './optimizer/adamw.js';
import { learningRateTensor } from './optimizer/learning-rate.js';
import { assignGroups } from './optimizer/parameter-groups.js';
import { accumulated } from './accumulated.js';
import { assertAverages, averagedParameters, nextAverages } from './averages.js';
import type { Batch } from './batch.js';
import { ema } from './ema.js';
import { lossTermValues, totalLoss } from './loss-terms.js';
import type { MethodParts } from './method-parts.js';
import { globalNorm, targetShares, type StepMetrics } from './metrics.js';
import { callOwn } from './own-function.js';
import { assertTargets } from './own-results.js';
import { assertFunctions, assertTerms } from './own-terms.js';
import { tocoParameterGroups } from './toco-groups.js';
import type { Phase } from './phase.js';
import { computeTargets } from './targets.js';
import { trainedParameters, type TrainState } from './train-state.js';
import { withParameters } from './with-parameters.js';

/** One iteration as a pure function; see {@link trainStep}. */
export type TrainStep<P extends TensorTree = TensorTree> = (
  state: TrainState<P>,
  batch: Batch,
  phase: Phase,
) => { readonly state: TrainState<P>; readonly metrics: StepMetrics };

/** Makes of gradients of this process those of all that train together, see `allReduce` of `@toco/graph`. */
export type ReduceGradients = (grads: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

/** What {@link trainStep} is made of. */
export interface TrainStepOptions<P extends TensorTree> extends MethodParts<P> {
  readonly network: Network<P>;
  readonly forward?: ApplyOptions | undefined;
  readonly targetForward?: ApplyOptions | undefined;
  readonly reduce?: ReduceGradients | undefined;
}

const known: readonly (keyof TrainStepOptions<TensorTree>)[] = [
  ...(['network', 'forward', 'targetForward', 'reduce', 'terms', 'targets', 'refine'] as const),
];

/**
 * One iteration of ToCo (paper, section 4): teacher → targets → six terms → gradients → AdamW.
 *
 * A pure function of state, batch and phase: shapes are static, nothing is read back, no randomness is drawn, so that it
 * runs eagerly on any backend and as one compiled graph alike. Nothing given is disposed; the new state shares the
 * leaves that did not change.
 *
 * `forward` reaches the backbone in every pass that a gradient goes through: `{ wrapBlock: checkpointed }` recomputes blocks
 * in the backward pass (`@toco/graph`). `targetForward` reaches it in the passes of the CAMs, see `lanesOf`. `reduce` takes the
 * gradients of all parameters that the phase's terms reach, where several processes train on parts of a batch.
 *
 * `terms`, `targets` and `refine` are what a method of one's own changes, see {@link MethodParts}.
 *
 * @throws when a trained parameter belongs to no parameter group, a phase weighs a term that there is not, or an option is unknown
 * @example
 * const step = trainStep(stepConfig({ numClasses: 20 }), { network });
 * const { state, metrics } = step(initTrainState(network, network.init(0)), batch, phaseAt(config.phases, 0));
 */
export function trainStep<P extends TensorTree>(
  config: StepConfig,
  options: TrainStepOptions<P>,
): TrainStep<P> {
  const { network, forward = {}, targetForward = {}, reduce = (grads) => grads } = options;
  const { terms: ownTerms = {}, targets: targetsOf, refine } = options;
  assertKeys('trainStep', options, known);
  assertFunctions(options);
  assertTerms(config.phases, Object.keys(ownTerms));
  assertAverages(config);
  const names = Object.keys(config.averages);
  return (state, batch, phase) => {
    const iteration = (): ReturnType<TrainStep<P>> => {
      const teacher = scope('teacher', () => ema(state.teacher, state.params.proj_head, config.teacher));
      // As the teacher: before the forward pass, the first iteration included.
      const own =
        names.length > 0 &&
        scope('averages', () => nextAverages(state.averages ?? {}, state.params, config.averages));
      const trained = trainedParameters(network, state.params);
      const paths = Object.keys(trained);

      // What it returns is inferred, so that the metrics keep their types.
      const lossOf = (parameters: Record<string, tf.Tensor>, batch: Batch) => {
        const params = withParameters(state.params, parameters);
        const averages = Object.fromEntries(
          ['teacher', ...names].map((name) => [
            name,
            averagedParameters({ params, teacher, averages: own || {} }, name),
          ]),
        );
        const main = scope('main', () => network.forward(params, batch.images, forward));
        const targetContext = { network, config, phase, forward: targetForward, refine };
        const targets = withoutGradient(() => {
          const inputs = { params, averages, batch, main };
          if (targetsOf === undefined) return computeTargets(targetContext, inputs);
          const own = callOwn('targets', inputs, (given) => targetsOf(targetContext, given));
          assertTargets(own, batch, config.localCrops.size);
          return own;
        });
        const terms = lossTermValues(
          { network, config, phase, forward, terms: ownTerms },
          { params, teacher, averages, batch, main, targets },
        );
        return {
          loss: totalLoss(phase, terms),
          aux: { ...terms, ...withoutGradient(() => targetShares(targets)) },
        };
      };
      const gradientsOf = (part: Batch) =>
        valueAndGrad((parameters) => scope('forward', () => lossOf(parameters, part)), trained);
      const { loss, aux, unreached, ...whole } = scope('backward', () =>
        accumulated(batch, config.accumulate, gradientsOf),
      );
      const reached = Object.entries(whole.grads).filter(([path]) => !unreached.includes(path));
      const grads = { ...whole.grads, ...scope('reduce', () => reduce(Object.fromEntries(reached))) };

      const lr = learningRateTensor(config.optimizer, state.step);
      const update = scope('optimizer', () =>
        adamW(trained, grads, {
          state: state.optimizer,
          step: state.step,
          lr,
          groups: assignGroups(
            tocoParameterGroups(config, paths, [...flattenTree(state.params).keys()]),
            paths,
          ),
          options: config.optimizer,
        }),
      );
      return {
        state: {
          step: tf.add(state.step, tf.scalar(1, 'int32')),
          params: withParameters(state.params, update.parameters),
          teacher,
          ...(own && { averages: own }),
          optimizer: update.state,
        },
        metrics: { loss, ...aux, gradNorm: globalNorm(grads), lr },
      };
    };
    return tidied(iteration);
  };
}
