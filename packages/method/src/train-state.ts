import { flattenTree, type TensorTree } from '@toco/core';
import type { Network, NetworkParams, NetworkState, ProjectionHeadParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { type Averages, initAverages } from './averages.js';
import type { StepConfig } from './method-config.js';
import { initAdamW, type AdamWState } from './optimizer/adamw.js';

/** Everything that training changes. Immutable: a step returns a new one that shares the leaves it did not change. */
export interface TrainState<P extends TensorTree = TensorTree> {
  /** Scalar int32: iterations done. */
  readonly step: tf.Scalar;
  readonly params: NetworkParams<P>;
  /** The projection head's moving average. */
  readonly teacher: ProjectionHeadParams;
  /** Further moving averages; left out where there are none. */
  readonly averages?: Averages;
  readonly optimizer: AdamWState;
}

/** The parameters that gradients train, by path, in the order of the tree. */
export function trainedParameters(network: Network, params: NetworkParams): Record<string, tf.Tensor> {
  return Object.fromEntries([...flattenTree(params)].filter(([path]) => network.trainable(path)));
}

/**
 * The state at iteration 0 of a network's parameters; it takes them over.
 *
 * @param averages which further averages it has: `averages` of the step's configuration
 * @example
 * const state = initTrainState(network, network.init(0));
 */
export function initTrainState<P extends TensorTree>(
  network: Network<P>,
  { params, teacher }: NetworkState<P>,
  averages: StepConfig['averages'] = {},
): TrainState<P> {
  const optimizer = initAdamW(trainedParameters(network, params));
  return {
    ...{ step: tf.scalar(0, 'int32'), params, teacher, optimizer },
    ...(Object.keys(averages).length > 0 && { averages: initAverages(params, averages) }),
  };
}
