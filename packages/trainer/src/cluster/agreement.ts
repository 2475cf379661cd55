import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { flattenTree } from '@toco/core';
import type { ListDigest } from '@toco/datasets';
import { UserError } from '@toco/files';
import { reductionKind, type ReductionKind } from '@toco/graph';
import { configChanges, type TrainState } from '@toco/method';
import { loadedBackend } from '@toco/runtime';
import type * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config.js';
import type { Together } from './together.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** What may differ from machine to machine. */
const ofTheMachine =
  /^(?:engine\.(?:threads|device|memoryGrowth)|data\.(?:workers|prefetch|root|images|masks|labels|trainMaskFolder)|(?:backbone|network)\.weights|(?:backbone|network)\.module)$/;

/** What all processes must begin with. */
export interface Beginning {
  readonly config: Config;
  readonly images: ListDigest;
  /** Names of the parts that are functions or objects of one's own. */
  readonly ownParts: readonly string[];
  readonly state: TrainState;
}

const reductionNames: Readonly<Record<ReductionKind, string>> = {
  nccl: 'NCCL between GPUs',
  ring: "toco's ring between CPUs",
  grpc: "TensorFlow's ring over gRPC",
};

/** @throws on all processes the same line, where they do not begin with the same */
export async function agreeOnBeginning(
  together: Together,
  { config, images, ownParts, state }: Beginning,
): Promise<void> {
  if (!together.peers) return;
  const reductions = reductionNames[reductionKind()];
  const gpu = loadedBackend()?.gpu ?? null;
  const own = { version, config, images, ownParts, reductions, gpu, weights: await stateHash(state) };
  const all = await together.gather('beginning', own);
  const [first, ...others] = all;
  others.forEach((other, i) => {
    const difference = firstDifference(first!, other);
    if (difference === undefined) return;
    throw new UserError(
      `The processes differ: rank ${i + 1} has ${difference}; start all of them with the same.`,
    );
  });
  assertOwnGpus(all.map((facts) => facts.gpu));
}

/** @throws where two of them, by rank, are one */
export function assertOwnGpus(gpus: readonly (string | null)[]): void {
  const second = gpus.findIndex((gpu, rank) => gpu !== null && gpus.indexOf(gpu) < rank);
  if (second < 0) return;
  const gpu = gpus[second]!;
  throw new UserError(
    `Rank ${gpus.indexOf(gpu)} and rank ${second} compute on one GPU (${gpu}), which NCCL refuses: give each a CUDA_VISIBLE_DEVICES of its own, or start fewer.`,
  );
}

/** What processes say of their beginning. */
export interface Facts extends Omit<Beginning, 'state'> {
  readonly version: string;
  readonly reductions: string;
  /** What tells its GPU apart; `null` where it has none, or nobody knows. */
  readonly gpu: string | null;
  readonly weights: string;
}

/** What another process has that the first one has not, in words; undefined where they begin with the same. */
export function firstDifference(first: Facts, other: Facts): string | undefined {
  if (first.version !== other.version) return `version ${other.version}, rank 0 version ${first.version}`;
  if (first.reductions !== other.reductions) return `${other.reductions}, rank 0 ${first.reductions}`;
  const change = configChanges(first.config, other.config).find(({ key }) => !ofTheMachine.test(key));
  if (change) return `${change.key} ${change.is ?? 'not set'}, rank 0 ${change.was ?? 'not set'}`;
  if (first.images.sha256 !== other.images.sha256)
    return `other training images or labels (${other.images.count} of the list ${other.images.list}) than rank 0 (${first.images.count} of ${first.images.list})`;
  const [lacking] = first.ownParts.filter((part) => !other.ownParts.includes(part));
  if (lacking !== undefined) return `no ${lacking} of one's own, rank 0 one`;
  const [more] = other.ownParts.filter((part) => !first.ownParts.includes(part));
  if (more !== undefined) return `${more} of one's own, rank 0 none`;
  return first.weights === other.weights ? undefined : 'other weights than rank 0';
}

/** The processes hold other weights than one another: none of them may be saved. */
export class DifferentWeightsError extends UserError {}

/** @throws DifferentWeightsError on all processes where their states are not bit-identical */
export async function assertSameState(
  together: Together,
  state: TrainState,
  iteration: number,
): Promise<void> {
  if (!together.peers) return;
  const [first, ...others] = await together.gather('weights', await stateHash(state));
  const other = others.findIndex((hash) => hash !== first);
  if (other < 0) return;
  throw new DifferentWeightsError(
    `After ${iteration} iterations rank ${other + 1} has other weights than rank 0: one of the machines computes wrongly, or other libraries do; nothing was saved.`,
  );
}

/** Tells two states apart that differ in a single bit. */
async function stateHash(state: TrainState): Promise<string> {
  const hash = createHash('sha256');
  for (const [path, leaf] of flattenTree(state)) {
    const { buffer, byteOffset, byteLength } = (await (leaf as tf.Tensor).data()) as Float32Array;
    hash.update(path).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
