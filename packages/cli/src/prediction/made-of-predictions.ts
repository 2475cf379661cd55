import { annotationKinds, sharedPaths } from '../annotations/annotation-files.js';
import { suffixOf } from './earlier-photographs.js';
import type { Shard } from '../shards/shard.js';

/** Path of the file of scores. */
export function scoresPath(shard: Shard): string {
  return `scores${suffixOf(shard)}.jsonl`;
}

/** Paths of what is made of all photographs together: stale when one of them is. What other parts have too stays theirs. */
export function madeOfPredictions(kinds: readonly string[], shard: Shard): string[] {
  const suffix = suffixOf(shard);
  const shared = annotationKinds
    .filter((kind) => kinds.includes(kind))
    .flatMap((kind) => sharedPaths(kind, suffix));
  return [scoresPath(shard), ...shared.filter((path) => path.includes(suffix))];
}
