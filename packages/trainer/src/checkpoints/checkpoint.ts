import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { disposeTree, type TensorTree } from '@toco/core';
import { readSafetensors, writeSafetensors, type NDArray } from '@toco/formats';
import { writeWhole } from '@toco/files';
import type { Network } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config.js';
import { initAdamW } from '@toco/method';
import { trainedParameters, type TrainState } from '@toco/method';
import type { MetricsWindowState } from '../logs/metrics-window.js';
import { damageOf, sealedJson, sealFiles, type SealedFile } from './checkpoint-seal.js';
import { assertFiniteArrays } from './finite.js';
import type { ListDigest } from './list-digest.js';
import { syncFolder } from './sync-folder.js';

/** What a checkpoint says of itself. */
export interface CheckpointInfo {
  /** Iterations done. */
  readonly iteration: number;
  readonly backbone: string;
  readonly classes: readonly string[];
  readonly config: Config;
  /** Metrics since the last row of `metrics.jsonl`. */
  readonly window?: MetricsWindowState | undefined;
  /** What tells whether the training images are still the same. */
  readonly images?: ListDigest;
  /** Lengths and checksums of the other files. */
  readonly files?: Readonly<Record<string, SealedFile>>;
}

const modelFile = 'model.safetensors';
const optimizerFile = 'optimizer.safetensors';
const stateFile = 'state.json';
const arrayFiles = [modelFile, optimizerFile];
/** Ends of the names of folders that are no checkpoints: being written, about to be replaced, being removed. */
const suffixes = { part: '.part', previous: '.previous', removed: '.removed' };

/** Folder of the checkpoint of an iteration within a run's folder. */
export function checkpointFolder(runFolder: string, iteration: number): string {
  return join(runFolder, 'checkpoints', `iteration-${String(iteration).padStart(6, '0')}`);
}

/**
 * Writes a checkpoint whole or not at all: into a folder beside it, which takes the name once everything is on the disk. One
 * of the same name is put aside until then, and `repairCheckpoints` brings it back where the process was killed in between.
 *
 * `model.safetensors` holds the network and its teacher under the names of the authors' checkpoints, `optimizer.safetensors`
 * the moments (`m.*`, `v.*`), `state.json` the rest. On a full disk older checkpoints are untouched.
 *
 * @returns the checkpoint's folder
 * @throws NonFiniteError where a weight or a moment is no number; nothing is written then
 */
export async function writeCheckpoint<P extends TensorTree>(
  runFolder: string,
  { network, state, info }: { network: Network<P>; state: TrainState<P>; info: CheckpointInfo },
): Promise<string> {
  const folder = checkpointFolder(runFolder, info.iteration);
  const [temporary, previous] = [`${folder}${suffixes.part}`, `${folder}${suffixes.previous}`];
  const [model, moments] = [await network.exportCheckpoint(state), await momentArrays(state)];
  assertFiniteArrays(model);
  assertFiniteArrays(moments);
  await rm(temporary, { recursive: true, force: true });
  try {
    await mkdir(temporary, { recursive: true });
    await writeSafetensors(join(temporary, modelFile), model);
    await writeSafetensors(join(temporary, optimizerFile), moments);
    const files = await sealFiles(temporary, arrayFiles);
    await writeWhole(join(temporary, stateFile), [new TextEncoder().encode(sealedJson({ ...info, files }))]);
    if (existsSync(folder)) await rename(folder, previous);
    await rename(temporary, folder);
    await syncFolder(join(runFolder, 'checkpoints'));
    await rm(previous, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/**
 * Tidies the checkpoints that a killed process left: what it had not finished writing or removing goes, and one that it had put
 * aside to write it again takes its name back.
 */
export async function repairCheckpoints(runFolder: string): Promise<void> {
  const folder = join(runFolder, 'checkpoints');
  if (!existsSync(folder)) return;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const whole = path.slice(0, -suffixes.previous.length);
    if (name.endsWith(suffixes.previous) && !existsSync(whole)) await rename(path, whole);
    else if (Object.values(suffixes).some((suffix) => name.endsWith(suffix))) {
      await rm(path, { recursive: true, force: true });
    }
  }
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

/** What is wrong with the files of a checkpoint; undefined where it is whole. */
export function checkpointDamage(checkpoint: string): Promise<string | undefined> {
  return damageOf(checkpoint, { state: stateFile, arrays: arrayFiles });
}

async function momentArrays({ optimizer }: TrainState): Promise<Record<string, NDArray>> {
  const entries = Object.entries(optimizer).flatMap(([moment, tensors]) =>
    Object.entries(tensors as Record<string, tf.Tensor>).map(async ([path, tensor]) => {
      const data = (await tensor.data()) as Float32Array;
      return [`${moment}.${path}`, { dtype: 'float32', shape: tensor.shape, data }] as const;
    }),
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Checkpoints of a run, oldest first; unfinished ones are none. */
export async function listCheckpoints(runFolder: string): Promise<string[]> {
  const folder = join(runFolder, 'checkpoints');
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => /^iteration-\d+$/.test(name));
  return names.sort((a, b) => Number(a.slice(10)) - Number(b.slice(10))).map((name) => join(folder, name));
}

/** Removes all but the newest `keep` checkpoints of a run. */
export async function pruneCheckpoints(runFolder: string, { keep }: { keep: number }): Promise<void> {
  const checkpoints = await listCheckpoints(runFolder);
  for (const old of checkpoints.slice(0, -keep)) {
    // Killed in the middle, half a checkpoint must not look like one.
    const removed = `${old}${suffixes.removed}`;
    await rename(old, removed);
    await rm(removed, { recursive: true, force: true });
  }
}

/** What a checkpoint says of itself. @throws one line where the folder holds no checkpoint. */
export async function readCheckpointInfo(folder: string): Promise<CheckpointInfo> {
  const text = await readFile(join(folder, stateFile), 'utf8').catch(() => {
    throw new Error(
      `${folder}: no checkpoint here (${stateFile} is missing); name a folder below checkpoints/.`,
    );
  });
  try {
    return JSON.parse(text) as CheckpointInfo;
  } catch {
    throw new Error(`${join(folder, stateFile)}: damaged; take another checkpoint.`);
  }
}

/** The folder that `path` means: a checkpoint itself, or the newest one of a run. @throws one line where there is none. */
export async function resolveCheckpoint(path: string): Promise<string> {
  if (existsSync(join(path, stateFile))) return path;
  const newest = (await listCheckpoints(path)).at(-1);
  if (!newest) throw new Error(`${path}: neither a checkpoint nor a run with checkpoints; check the path.`);
  return newest;
}

/**
 * Network and teacher of a checkpoint.
 *
 * @throws one line where the checkpoint belongs to another architecture
 */
export function readModel<P extends TensorTree>(
  folder: string,
  network: Network<P>,
): Pick<TrainState<P>, 'params' | 'teacher'> {
  const fresh = network.init(0);
  try {
    const { report, ...state } = network.importCheckpoint(fresh, readSafetensors(join(folder, modelFile)));
    if (report.missing.length > 0 || report.leftOver.length > 0) {
      const names = [...report.missing, ...report.leftOver].slice(0, 3).join(', ');
      throw new Error(`names differ (${names}, …)`);
    }
    return state;
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(
      `${folder}: this checkpoint is of another architecture than ${network.backbone.name} with ${network.numClasses} classes: ${reason}`,
      { cause: error },
    );
  } finally {
    disposeTree(fresh);
  }
}

/** The whole training state of a checkpoint. @throws one line where it does not fit the network. */
export async function readTrainState<P extends TensorTree>(
  folder: string,
  network: Network<P>,
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
          throw new Error(
            `${folder}: the optimiser's state lacks ${moment}.${path}; this checkpoint can't be resumed.`,
          );
        }
        return [path, tf.tensor(array.data as Float32Array, [...shape])];
      }),
    );
  const optimizer = { m: moments('m'), v: moments('v') };
  disposeTree(zeros);
  return { step: tf.scalar(iteration, 'int32'), params, teacher, optimizer };
}
