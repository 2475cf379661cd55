import { flattenTree, type TensorTree } from '@toco/core';
import type { NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { ema } from './ema.js';
import type { StepConfig } from './method-config.js';
import { isBelow, pathsInstead } from './optimizer/parameter-groups.js';
import type { TrainState } from './train-state.js';
import { withParameters } from './with-parameters.js';

/** Moving averages of parameters: by name, then by the path of the parameter. */
export type Averages = Readonly<Record<string, Readonly<Record<string, tf.Tensor>>>>;

type AverageConfig = StepConfig['averages'];

/** The parameters of an average, which may be of any part of the network. */
function covered(params: NetworkParams, { paths }: AverageConfig[string]): Record<string, tf.Tensor> {
  const all = [...flattenTree(params)];
  return Object.fromEntries(
    paths === undefined ? all : all.filter(([path]) => paths.some((prefix) => isBelow(path, prefix))),
  );
}

/**
 * Averages that begin at the parameters of the moment.
 *
 * @throws one line where a path is of no parameter
 */
export function initAverages(params: NetworkParams, config: AverageConfig): Averages {
  return mapValues(config, (average, name) => {
    const all = [...flattenTree(params).keys()];
    const unknown = average.paths?.find((prefix) => !all.some((path) => isBelow(path, prefix)));
    if (unknown !== undefined)
      throw new Error(
        `averages.${name}.paths: no parameter lies below ${unknown}; ${pathsInstead(unknown, all)}.`,
      );
    const leaves = covered(params, average);
    return mapValues(leaves, (leaf) => tf.clone(leaf));
  });
}

/** Averages one iteration on, see {@link ema}. */
export function nextAverages(averages: Averages, params: NetworkParams, config: AverageConfig): Averages {
  return mapValues(config, (average, name) => {
    const before = averages[name];
    if (!before)
      throw new Error(
        `The state has no average "${name}": initTrainState(network, state, config.averages) begins it.`,
      );
    return ema(before, covered(params, average), average);
  });
}

/**
 * The network's parameters with those that an average covers in their place; `teacher` is the projection head's.
 *
 * @throws one line where there is no such average
 */
export function averagedParameters<P extends TensorTree>(
  { params, teacher, averages = {} }: Pick<TrainState<P>, 'params' | 'teacher' | 'averages'>,
  name: string,
): NetworkParams<P> {
  if (name === 'teacher') return { ...params, proj_head: teacher };
  const average = averages[name];
  if (!average) throw new Error(`There is no average "${name}": configure averages.${name}.`);
  return withParameters(params, average);
}

/** @throws one line where something names an average that there is not, or one has a name that is taken */
export function assertAverages(
  { averages, cam }: Pick<StepConfig, 'averages' | 'cam'>,
  evaluated?: string,
): void {
  for (const name of Object.keys(averages)) {
    if (!/^[A-Za-z]\w*$/.test(name) || name === 'teacher' || name === 'none')
      throw new Error(
        `averages.${name}: choose another name, of letters, digits and _; teacher is the projection head's, none means the parameters themselves.`,
      );
  }
  for (const [key, name] of [
    ['cam.average', cam.average],
    ['evaluation.average', evaluated],
  ] as const) {
    if (name === 'teacher')
      throw new Error(
        `${key}: the teacher is an average of the projection head alone, which no CAM depends on; configure an average of more, such as averages.slow, or set it to none.`,
      );
    if (name !== undefined && averages[name] === undefined)
      throw new Error(
        `${key}: there is no average "${name}"; configure averages.${name}, or set it to none.`,
      );
  }
}

function mapValues<T, U>(
  values: Readonly<Record<string, T>>,
  f: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, f(value, key)]));
}
