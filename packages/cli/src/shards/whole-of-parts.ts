import { UserError } from '@toco/files';
import { differenceOf, type Hashes } from './hashes.js';
import type { Shard } from './shard.js';

/** What merging has to know of a part. */
export interface Part {
  /** What messages call it: its file. */
  readonly name: string;
  readonly shard: Shard;
  readonly hashes: Hashes;
  /** Whether all its images are done. */
  readonly whole: boolean;
}

/**
 * The parts of one result, one of each, in order: a part that is there twice counts once.
 *
 * @throws one line where one is missing, unfinished, or of another network, list or settings
 */
export function wholeOfParts<P extends Part>(parts: readonly P[], print: (line: string) => void): P[] {
  const [first] = parts;
  if (first === undefined) throw new UserError('--merge: name the files of the parts.');
  const { count } = first.shard;
  const found = new Map<number, P>();
  for (const part of parts) {
    const { name, shard, hashes, whole } = part;
    if (shard.count !== count)
      throw new UserError(`${name}: is one of ${shard.count} parts, ${first.name} one of ${count}.`);
    const difference = differenceOf(first.hashes, hashes);
    if (difference !== undefined) throw new UserError(`${name}: is of ${difference} than ${first.name}.`);
    const twin = found.get(shard.index);
    if (twin === undefined || (!twin.whole && whole)) found.set(shard.index, part);
    if (twin !== undefined)
      print(`Part ${shard.index} of ${count} is there twice (${twin.name}, ${name}): counted once.`);
  }
  const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !found.has(i));
  if (missing.length > 0)
    throw new UserError(
      `Of ${count} parts ${missing.length === 1 ? 'one is' : `${missing.length} are`} missing: ${missing.map((i) => `${i}/${count}`).join(', ')}.`,
    );
  const ordered = Array.from({ length: count }, (_, i) => found.get(i)!);
  const unfinished = ordered.find(({ whole }) => !whole);
  if (unfinished !== undefined)
    throw new UserError(`${unfinished.name}: is not finished; run its command again to continue.`);
  return ordered;
}
