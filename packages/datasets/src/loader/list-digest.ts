import { createHash } from 'node:crypto';
import type { SampleList } from '../dataset/dataset.js';

/** What tells two lists of images apart. */
export interface ListDigest {
  readonly list: string;
  readonly count: number;
  /** Of names and labels, in order, and of which images train on their masks. */
  readonly sha256: string;
}

/** The digest of what batches depend on: a list's names and labels in their order, and which images train on their masks. */
export function listDigest(list: SampleList): ListDigest {
  const hash = createHash('sha256');
  for (let i = 0; i < list.length; i++) {
    const { id, labels, trainingMask } = list.sample(i);
    hash.update(`${id}\n`).update(labels);
    if (trainingMask) hash.update('mask');
  }
  return { list: list.name, count: list.length, sha256: hash.digest('hex') };
}
