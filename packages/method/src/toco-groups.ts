import type { StepConfig } from './method-config.js';
import { assignGroups, isBelow, type ParameterGroup, pathsInstead } from './optimizer/parameter-groups.js';

/**
 * The encoder learns at the base rate, everything on top of it ten times as fast (the authors' four groups in two); then
 * `optimizer.layerDecay` and `optimizer.groups`, the longest path of which counts. Without a trained parameter of the encoder, which
 * is then frozen, it has no group.
 *
 * @param all paths of parameters that are not trained, too, for errors
 * @throws one line for a path of `optimizer.groups` that is of no trained parameter or of two groups, a group that changes nothing,
 *   and a layer decay without blocks
 */
export function tocoParameterGroups(
  { optimizer }: { readonly optimizer: Pick<StepConfig['optimizer'], GroupKey> },
  trained: readonly string[],
  all: readonly string[] = trained,
): ParameterGroup[] {
  const { weightDecay, headLrScale, layerDecay, groups } = optimizer;
  const parts = [...new Set(trained.map((path) => path.split('.')[0]!))];
  const heads = parts.filter((part) => part !== 'encoder');
  const base: ParameterGroup[] = [
    ...(parts.includes('encoder')
      ? [{ name: 'encoder', prefixes: ['encoder'], lrScale: 1, weightDecay }]
      : []),
    ...(heads.length > 0 ? [{ name: 'heads', prefixes: heads, lrScale: headLrScale, weightDecay }] : []),
  ];
  if (layerDecay === 1 && groups.length === 0) return base;

  const scaleOf = layerDecay === 1 ? () => 1 : layerScale({ trained, all }, layerDecay);
  const ownOf = longestPath(groups, { trained, all });
  const merged = new Map<string, ParameterGroup & { readonly prefixes: string[] }>();
  for (const [path, group] of assignGroups(base, trained)) {
    const own = ownOf(path);
    const lrScale = own?.lrScale ?? group.lrScale * scaleOf(path);
    const decay = own?.weightDecay ?? group.weightDecay;
    const name = `rate × ${lrScale}, decay ${decay}`;
    const same = merged.get(name);
    if (same) same.prefixes.push(path);
    else merged.set(name, { name, prefixes: [path], lrScale, weightDecay: decay });
  }
  return [...merged.values()];
}

type GroupKey = 'weightDecay' | 'headLrScale' | 'layerDecay' | 'groups';

type OwnGroups = StepConfig['optimizer']['groups'];

/** The group of one's own whose path is the longest that a parameter lies below. */
function longestPath(
  groups: OwnGroups,
  { trained, all }: { readonly trained: readonly string[]; readonly all: readonly string[] },
): (path: string) => OwnGroups[number] | undefined {
  const idle = groups.findIndex(({ lrScale, weightDecay }) => (lrScale ?? weightDecay) === undefined);
  if (idle >= 0)
    throw new Error(
      `optimizer.groups.${idle} changes nothing; give it lrScale or weightDecay, or leave it out.`,
    );
  const rows = groups.flatMap((group, i) => group.paths.map((prefix) => ({ prefix, group, i })));
  for (const [at, { prefix, i }] of rows.entries()) {
    const twice = rows.slice(0, at).find((row) => row.prefix === prefix);
    if (twice)
      throw new Error(
        `optimizer.groups.${i}.paths: ${prefix} is in optimizer.groups.${twice.i} already; let one group have it.`,
      );
    if (trained.some((path) => isBelow(path, prefix))) continue;
    throw new Error(
      all.some((path) => isBelow(path, prefix))
        ? `optimizer.groups.${i}.paths: what lies below ${prefix} is not trained (network.frozen, or trainable of the network); leave it out here, or train it.`
        : `optimizer.groups.${i}.paths: no parameter lies below ${prefix}; ${pathsInstead(prefix, all)}.`,
    );
  }
  const ordered = rows.sort((a, b) => b.prefix.length - a.prefix.length);
  return (path) => ordered.find(({ prefix }) => isBelow(path, prefix))?.group;
}

/**
 * Layer-wise decay of the rate (BEiT, Bao et al., 2022): of L blocks the last learns with decay¹, the first with decay^L, what enters
 * it with decay^(L+1), the rest of the network with 1.
 */
function layerScale(
  { trained, all }: { readonly trained: readonly string[]; readonly all: readonly string[] },
  decay: number,
): (path: string) => number {
  const blockOf = (path: string): number | undefined => {
    const index = /^encoder\.blocks\.(\d+)\./.exec(path)?.[1];
    return index === undefined ? undefined : Number(index);
  };
  if (trained.every((path) => blockOf(path) === undefined))
    throw new Error(
      'optimizer.layerDecay: no trained parameter begins with encoder.blocks.<number>; set it to 1.',
    );
  // Of all blocks: those that are frozen are below the others all the same.
  const count = 1 + Math.max(...all.map((path) => blockOf(path) ?? -1));
  return (path) => {
    const block = blockOf(path);
    if (block !== undefined) return decay ** (count - block);
    return /^encoder\.(patch_embed|cls_token|pos_embed|reg_token|dist_token|norm_pre)\b/.test(path)
      ? decay ** (count + 1)
      : 1;
  };
}
