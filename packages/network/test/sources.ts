import type * as tf from '@tensorflow/tfjs-core';
import { vit, type VitParams } from '@toco/backbone';
import type { NDArray } from '@toco/formats';
import { fixtureArrays, sharedPath, toTensor } from '@toco/testing';
import { decodeSafetensors } from '@toco/formats';
import { readFileSync } from 'node:fs';
import { createNetwork, type Network } from '../src/network.js';

/** A folder of reference numbers, and the small network that they belong to. */
export interface Source {
  readonly source: string;
  readonly network: Network<VitParams>;
  /** Arrays of one file, `undefined` where the folder is missing. */
  readonly read: (name: string) => Record<string, NDArray> | undefined;
}

function smallNetwork(
  dim: number,
  decoderDim: number,
  hidden: number,
  bottleneck: number,
): Network<VitParams> {
  const backbone = vit({ imageSize: 64, patchSize: 8, dim, depth: 4, heads: 3 });
  return createNetwork({ backbone, numClasses: 5, decoderDim, projection: { hidden, bottleneck, out: 32 } });
}

function readShared(name: string): Record<string, NDArray> | undefined {
  const path = sharedPath(`goldens/${name}.safetensors`);
  return path === undefined ? undefined : decodeSafetensors(readFileSync(path));
}

export const sources: readonly Source[] = [
  { source: 'fixtures', network: smallNetwork(24, 16, 32, 12), read: fixtureArrays },
  { source: 'goldens of the team', network: smallNetwork(48, 32, 64, 24), read: readShared },
];

/** A tensor of a file of reference numbers. */
export function tensorOf<T extends tf.Tensor>(arrays: Record<string, NDArray>, key: string): T {
  return toTensor(arrays[key]!) as T;
}
