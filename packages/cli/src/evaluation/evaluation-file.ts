import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, sealedJson, unsealedJson, UserError, writeWhole } from '@toco/files';
import type { EvaluationProtocol } from '@toco/segmenter';
import type { Hashes } from '../shards/hashes.js';
import type { Shard } from '../shards/shard.js';
import type { StoredCounts } from './counts.js';

/** An evaluation, or a part of one, as its file has it: also while it is under way, so that it goes on after an interruption. */
export interface EvaluationFile {
  readonly kind: 'toco evaluation 1';
  readonly network: string;
  /** The moving average whose parameters it is of. */
  readonly average?: string | undefined;
  readonly shard: Shard;
  readonly hashes: Hashes;
  /** Images of this part. */
  readonly images: number;
  /** How figures are made; its number of images is that of the whole list. */
  readonly protocol: EvaluationProtocol;
  /** Names of the foreground classes. */
  readonly classes: readonly string[];
  readonly counts: StoredCounts;
}

/** Whether all images are done. */
export function isWhole({ images, counts }: Pick<EvaluationFile, 'images' | 'counts'>): boolean {
  return counts.images.length + counts.leftOut.length === images;
}

/** Writes it whole or not at all. */
export async function writeEvaluationFile(path: string, file: EvaluationFile): Promise<void> {
  await makeFolder(dirname(path));
  await writeWhole(path, [new TextEncoder().encode(sealedJson(file))]);
}

/** @throws one line where there is none, or it is damaged */
export async function readEvaluationFile(path: string): Promise<EvaluationFile> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file.`);
  const value = unsealedJson(await readFile(path, 'utf8'));
  if (value?.['kind'] !== 'toco evaluation 1')
    throw new UserError(`${path}: not an evaluation written by toco evaluate, or damaged.`);
  // eslint-disable-next-line no-restricted-syntax -- the seal says that we wrote it
  return value as unknown as EvaluationFile;
}
