import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vit, type Vit } from '@toco/backbone';
import { decodeSafetensors, type NDArray } from '@toco/formats';
import { createNetwork, type Network, type NetworkState } from '@toco/network';
import type { VitParams } from '@toco/backbone';
import * as tf from '@tensorflow/tfjs-core';

/** Configuration of the small network that a folder's numbers belong to (`config` of `trajectory.json`). */
export interface GoldenConfig {
  readonly num_classes: number;
  readonly img_size: number;
  readonly patch_size: number;
  readonly embed_dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly aux_layer: number;
  readonly decoder_dim: number;
  readonly proj: { readonly hidden: number; readonly bottleneck: number; readonly out: number };
  readonly crop_size: number;
  readonly lr: number;
  readonly warmup_iter: number;
  readonly max_iter: number;
  readonly warmup_ratio: number;
  readonly power: number;
  readonly betas: [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly temp: number;
  readonly momentum: number;
  readonly thresholds: { readonly low: number; readonly high: number; readonly bkg: number };
  readonly energy: {
    readonly weight: number;
    readonly sigma_rgb: number;
    readonly sigma_xy: number;
    readonly scale_factor: number;
  };
}

/** What a trajectory records of one step. */
export type GoldenStep = Readonly<Record<string, number>> & { readonly lr: unknown };

/** Losses and rates of a trajectory, step by step. */
export interface GoldenTrajectory {
  readonly config: GoldenConfig;
  readonly steps: readonly GoldenStep[];
}

/** A file of arrays by key. */
export type GoldenArrays = Readonly<Record<string, NDArray>>;

/** A folder of golden numbers. */
export interface GoldenFolder {
  readonly path: string;
  readonly config: GoldenConfig;
  has(file: string): boolean;
  arrays(file: string): GoldenArrays;
  trajectory(name: string): GoldenTrajectory;
  /** The small network, without values. */
  readonly network: Network<VitParams>;
  readonly backbone: Vit;
  /** The small network's state with the values of `checkpoint`. */
  loadState(): NetworkState<VitParams>;
}

/** Opens a folder. @throws one line when it holds no `trajectory.json`. */
export function openGoldenFolder(path: string): GoldenFolder {
  const file = (name: string): string => join(path, name);
  if (!existsSync(file('trajectory.json'))) {
    throw new Error(`${path}: no trajectory.json here; name a folder of golden numbers`);
  }
  const trajectory = (name: string): GoldenTrajectory =>
    JSON.parse(readFileSync(file(`${name}.json`), 'utf8')) as GoldenTrajectory;
  const { config } = trajectory('trajectory');
  const arrays = (name: string): GoldenArrays => decodeSafetensors(readFileSync(file(`${name}.safetensors`)));
  const backbone = vit({
    imageSize: config.img_size,
    patchSize: config.patch_size,
    dim: config.embed_dim,
    depth: config.depth,
    heads: config.heads,
    auxBlock: config.aux_layer,
  });
  const network = createNetwork({
    backbone,
    numClasses: config.num_classes - 1,
    decoderDim: config.decoder_dim,
    projection: config.proj,
  });
  return {
    path,
    config,
    has: (name) => existsSync(file(`${name}.safetensors`)),
    arrays,
    trajectory,
    backbone,
    network,
    loadState() {
      const { report, ...state } = network.importCheckpoint(network.init(0), arrays('checkpoint'));
      if (report.missing.length > 0)
        throw new Error(`${path}: the checkpoint lacks ${report.missing.join(', ')}`);
      return state;
    },
  };
}

/** The array of a key as a tensor: floats as float32, integers as int32. @throws one line when the key is missing. */
export function tensorOf<T extends tf.Tensor = tf.Tensor>(arrays: GoldenArrays, key: string): T {
  const { dtype, shape, data } = arrayOf(arrays, key);
  if (dtype === 'float32') return tf.tensor(data as Float32Array, [...shape]) as T;
  return tf.tensor(Int32Array.from(data as Int32Array), [...shape], 'int32') as T;
}

/** The array of a key. @throws one line when it is missing. */
export function arrayOf(arrays: GoldenArrays, key: string): NDArray {
  const array = arrays[key];
  if (!array)
    throw new Error(`The golden file has no key ${key}; it holds ${Object.keys(arrays).join(', ')}`);
  return array;
}

/** The values of a key as numbers. */
export function valuesOf(arrays: GoldenArrays, key: string): ArrayLike<number> {
  return arrayOf(arrays, key).data as Float32Array;
}
