import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamedBackboneOptions } from '@toco/backbone';
import { resolveBehavior, type TensorTree } from '@toco/core';
import { openSafetensors, readSafetensors } from '@toco/formats';
import { damageOf, type SealedFile, UserError } from '@toco/files';
import type { Network, NetworkState } from '@toco/network';
import { importNetwork } from '../network-weights.js';
import { checkpointFiles } from './checkpoint-files.js';
import { withStoredAverage } from './stored-average.js';

/** The part of a run's configuration that its network follows from. */
export interface NetworkConfig {
  readonly backbone: NamedBackboneOptions & {
    readonly name: string;
    /** JavaScript module of a backbone of one's own. */
    readonly module?: string | undefined;
  };
  readonly network: {
    readonly decoderDim: number;
    /** Left out by earlier versions, which had the paper's. */
    readonly decoderDilation?: number | undefined;
    readonly projection: { readonly hidden: number; readonly bottleneck: number; readonly out: number };
    /** JavaScript module of a network of one's own. */
    readonly module?: string | undefined;
  };
  readonly evaluation?: { readonly average?: string | undefined } | undefined;
}

/** How a checkpoint's network is read. */
export interface ReadModelOptions {
  /** The moving average whose parameters take the place of those that they are of. */
  readonly average?: string | undefined;
}

/** What a checkpoint says of itself, as far as using its network needs it. */
export interface CheckpointHeader {
  /** Iterations done. */
  readonly iteration: number;
  readonly backbone: string;
  /** Foreground classes. */
  readonly classes: readonly string[];
  readonly config: NetworkConfig;
  /** Lengths and checksums of the other files. */
  readonly files?: Readonly<Record<string, SealedFile>>;
  /** Names of the parts that were functions or objects of one's own; checkpoints of earlier versions do not say. */
  readonly ownParts?: readonly string[];
}

/** Checkpoints of a run, oldest first; unfinished ones are none. */
export async function listCheckpoints(runFolder: string): Promise<string[]> {
  const folder = join(runFolder, 'checkpoints');
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => /^iteration-\d+$/.test(name));
  return names.sort((a, b) => Number(a.slice(10)) - Number(b.slice(10))).map((name) => join(folder, name));
}

/** What is wrong with the files of a checkpoint; undefined where it is whole. */
export function checkpointDamage(checkpoint: string): Promise<string | undefined> {
  const { model, optimizer, state } = checkpointFiles;
  return damageOf(checkpoint, {
    state,
    arrays: [model, optimizer],
    open: (path) => {
      openSafetensors(path).close();
    },
  });
}

/** Whether a folder holds a checkpoint. */
export function isCheckpoint(folder: string): boolean {
  return existsSync(join(folder, checkpointFiles.state));
}

/**
 * The checkpoint that `path` means: itself, or the newest one of a run that is whole. Damaged newer ones are told, and left as they are.
 *
 * @throws one line: no checkpoint there, or none that is whole
 */
export async function wholeCheckpoint(path: string, print: (line: string) => void): Promise<string> {
  if (isCheckpoint(path)) {
    const damage = await checkpointDamage(path);
    if (damage === undefined) return path;
    throw new UserError(`${path}: damaged, ${damage}; name another checkpoint.`);
  }
  const checkpoints = (await listCheckpoints(path)).reverse();
  if (checkpoints.length === 0)
    throw new UserError(`${path}: neither a checkpoint nor a run with checkpoints; check the path.`);
  const damages: string[] = [];
  for (const checkpoint of checkpoints) {
    const damage = await checkpointDamage(checkpoint);
    if (damage === undefined) {
      for (const line of damages) print(`${line}; one before it is used.`);
      return checkpoint;
    }
    damages.push(`${checkpoint}: damaged, ${damage}`);
  }
  throw new UserError(`${damages[0]}; no checkpoint of this run is whole.`);
}

/** What a checkpoint says of itself. @throws one line where the folder holds no checkpoint. */
export async function readCheckpointHeader<H extends CheckpointHeader = CheckpointHeader>(
  folder: string,
): Promise<H> {
  const { state } = checkpointFiles;
  const text = await readFile(join(folder, state), 'utf8').catch(() => {
    throw new UserError(
      `${folder}: no checkpoint here (${state} is missing); name a folder below checkpoints/.`,
    );
  });
  try {
    const header = JSON.parse(text) as H;
    return { ...header, config: resolveBehavior(header.config) };
  } catch {
    throw new UserError(`${join(folder, state)}: damaged; take another checkpoint.`);
  }
}

/**
 * Network and teacher of a checkpoint.
 *
 * @throws one line where the checkpoint belongs to another architecture
 */
export function readModel<P extends TensorTree>(
  folder: string,
  network: Network<P>,
  { average }: ReadModelOptions = {},
): NetworkState<P> {
  const arrays = readSafetensors(join(folder, checkpointFiles.model));
  const { params, teacher } = importNetwork(network, arrays, { name: folder, complete: true });
  return { params: average === undefined ? params : withStoredAverage(folder, params, average), teacher };
}
