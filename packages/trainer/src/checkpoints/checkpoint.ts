import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { disposeTree, type TensorTree } from '@toco/core';
import { readSafetensors, writeSafetensors, type NDArray } from '@toco/formats';
import {
  removeFolderWhole,
  repairFolders,
  sealedJson,
  sealFiles,
  writeFolderWhole,
  writeWhole,
  UserError,
} from '@toco/files';
import type { Network } from '@toco/network';
import {
  averagePrefix,
  checkpointDamage,
  checkpointFiles,
  type CheckpointHeader,
  listCheckpoints,
  readCheckpointHeader,
  readModel,
} from '@toco/weights';
import * as tf from '@tensorflow/tfjs-core';
import { asUserError } from '../config/as-user-error.js';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse-config.js';
import { type Averages, initAdamW, initAverages, trainedParameters, type TrainState } from '@toco/method';
import type { MetricsWindowState } from '@toco/method';
import type { EnrichmentFacts } from './enrichment-facts.js';
import { assertFiniteArrays } from './finite.js';
import type { ListDigest } from '@toco/datasets';

/** What a checkpoint says of itself. */
export interface CheckpointInfo extends CheckpointHeader {
  readonly config: Config;
  /** Metrics since the last row of `metrics.jsonl`. */
  readonly window?: MetricsWindowState | undefined;
  /** Processes that trained together; left out where it was one. */
  readonly processes?: number | undefined;
  /** What tells whether the training images are still the same. */
  readonly images?: ListDigest;
  /** What computed the run, as far as its last digits depend on it. */
  readonly engine?: string;
  /** What made further arrays of its batches; left out without one, and by earlier versions. */
  readonly enrichment?: EnrichmentFacts;
}

const { model: modelFile, optimizer: optimizerFile, state: stateFile } = checkpointFiles;
const arrayFiles = [modelFile, optimizerFile];

/** Folder of the checkpoint of an iteration within a run's folder. */
export function checkpointFolder(runFolder: string, iteration: number): string {
  return join(runFolder, 'checkpoints', `iteration-${String(iteration).padStart(6, '0')}`);
}

/**
 * Writes a checkpoint whole or not at all: into a folder beside it, which takes the name once everything is on the disk. One
 * of the same name is put aside until then, and `repairCheckpoints` brings it back where the process was killed in between.
 *
 * `model.safetensors` holds the network and its teacher under the names of the authors' checkpoints, `optimizer.safetensors`
 * the moments (`m.*`, `v.*`) and averages (`average.NAME.*`), `state.json` the rest. On a full disk older checkpoints are untouched.
 *
 * @returns the checkpoint's folder
 * @throws NonFiniteError where a weight or a moment is no number; nothing is written then
 */
export async function writeCheckpoint<P extends TensorTree>(
  runFolder: string,
  { network, state, info }: { network: Network<P>; state: TrainState<P>; info: CheckpointInfo },
): Promise<string> {
  const folder = checkpointFolder(runFolder, info.iteration);
  const [model, moments] = [await network.exportCheckpoint(state), await momentArrays(state)];
  assertFiniteArrays(model);
  assertFiniteArrays(moments);
  await writeFolderWhole(folder, async (unfinished) => {
    await writeSafetensors(join(unfinished, modelFile), model);
    await writeSafetensors(join(unfinished, optimizerFile), moments);
    const files = await sealFiles(unfinished, arrayFiles);
    await writeWhole(join(unfinished, stateFile), [new TextEncoder().encode(sealedJson({ ...info, files }))]);
  });
  return folder;
}

/** Tidies the checkpoints that a killed process left, see {@link repairFolders}. */
export function repairCheckpoints(runFolder: string): Promise<void> {
  return repairFolders(join(runFolder, 'checkpoints'));
}

/**
 * The newest checkpoint of a run that is whole. Damaged ones that are newer are told and renamed, not removed.
 *
 * @returns undefined where the run has none
 */
export async function newestWholeCheckpoint(
  runFolder: string,
  print: (line: string) => void,
): Promise<string | undefined> {
  for (const checkpoint of (await listCheckpoints(runFolder)).reverse()) {
    const damage = await checkpointDamage(checkpoint);
    if (damage === undefined) return checkpoint;
    let aside = `${checkpoint}.damaged`;
    for (let i = 2; existsSync(aside); i++) aside = `${checkpoint}.damaged-${i}`;
    await rename(checkpoint, aside);
    print(`${checkpoint}: damaged, ${damage}; moved to ${aside}, the one before it is used.`);
  }
  return undefined;
}

async function momentArrays({ optimizer, averages = {} }: TrainState): Promise<Record<string, NDArray>> {
  const named = [
    ...Object.entries(optimizer).map(([moment, tensors]) => [`${moment}.`, tensors as object] as const),
    ...Object.entries(averages).map(([name, tensors]) => [averagePrefix(name), tensors] as const),
  ];
  const entries = named.flatMap(([prefix, tensors]) =>
    Object.entries(tensors as Record<string, tf.Tensor>).map(async ([path, tensor]) => {
      const data = (await tensor.data()) as Float32Array;
      return [`${prefix}${path}`, { dtype: 'float32', shape: tensor.shape, data }] as const;
    }),
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Removes all but the newest `keep` checkpoints of a run. */
export async function pruneCheckpoints(runFolder: string, { keep }: { keep: number }): Promise<void> {
  const checkpoints = await listCheckpoints(runFolder);
  for (const old of checkpoints.slice(0, -keep)) await removeFolderWhole(old);
}

/**
 * What a checkpoint says of itself. Keys that came after its version have their defaults, which change nothing.
 *
 * @throws one line where the folder holds no checkpoint
 */
export async function readCheckpointInfo(folder: string): Promise<CheckpointInfo> {
  const info = await readCheckpointHeader<CheckpointInfo>(folder);
  return { ...info, config: parseConfig(info.config, join(folder, stateFile)) };
}

/**
 * The whole training state of a checkpoint. An average that it does not have begins at its parameters.
 *
 * @param averages those of the configuration
 * @throws one line where it does not fit the network
 */
export async function readTrainState<P extends TensorTree>(
  folder: string,
  network: Network<P>,
  averages: Config['averages'] = {},
): Promise<TrainState<P>> {
  const { iteration } = await readCheckpointInfo(folder);
  const { params, teacher } = readModel(folder, network);
  const arrays = readSafetensors(join(folder, optimizerFile));
  const trained = trainedParameters(network, params);
  const zeros = initAdamW(trained);
  const moments = (moment: 'm' | 'v'): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(zeros[moment]).map(([path, { shape }]) => {
        const array = arrays[`${moment}.${path}`];
        if (!array || String(array.shape) !== String(shape)) {
          throw new UserError(
            `${folder}: the optimizer's state lacks ${moment}.${path}; this checkpoint can't be resumed.`,
          );
        }
        return [path, tf.tensor(array.data as Float32Array, [...shape])];
      }),
    );
  const optimizer = { m: moments('m'), v: moments('v') };
  disposeTree(zeros);
  return {
    ...{ step: tf.scalar(iteration, 'int32'), params, teacher, optimizer },
    ...(Object.keys(averages).length > 0 && {
      averages: storedAverages(
        asUserError(() => initAverages(params, averages)),
        arrays,
      ),
    }),
  };
}

/** Averages with their stored values, where there are some; what they replace is disposed. */
function storedAverages(fresh: Averages, arrays: Readonly<Record<string, NDArray>>): Averages {
  const entries = Object.entries(fresh).map(([name, leaves]) => {
    const stored = Object.entries(leaves).map(([path, leaf]) => {
      const array = arrays[averagePrefix(name) + path];
      if (array === undefined) return [path, leaf] as const;
      leaf.dispose();
      return [path, tf.tensor(array.data as Float32Array, [...array.shape])] as const;
    });
    return [name, Object.fromEntries(stored)] as const;
  });
  return Object.fromEntries(entries);
}
