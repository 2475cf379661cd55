import { nearestName } from '@toco/core';

/** Parameters whose paths begin with one of `prefixes` share a factor on the learning rate. */
export interface ParameterGroup {
  readonly name: string;
  readonly prefixes: readonly string[];
  /** Factor on the learning rate of the schedule. */
  readonly lrScale: number;
  /** Decoupled weight decay. */
  readonly weightDecay: number;
}

/** Whether a path is `prefix` itself, or lies below it. */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`);
}

/** Paths that a message shows at most. */
const shown = 6;

/** What there is in the place of a path that no parameter lies below, for errors: the nearest, and some beside it. */
export function pathsInstead(path: string, paths: readonly string[]): string {
  const parts = path.split('.');
  let depth = parts.length - 1;
  const above = (): string => parts.slice(0, depth).join('.');
  while (depth > 0 && !paths.some((one) => one.startsWith(`${above()}.`))) depth--;
  const beside = paths
    .filter((one) => depth === 0 || one.startsWith(`${above()}.`))
    .map((one) =>
      one
        .split('.')
        .slice(0, depth + 1)
        .join('.'),
    );
  const there = [...new Set(beside)];
  const near = nearestName(parts.slice(0, depth + 1).join('.'), there);
  const list = `${there.slice(0, shown).join(', ')}${there.length > shown ? ', …' : ''}`;
  return near === undefined ? `there are ${list}` : `did you mean ${near}? There are ${list}`;
}

/**
 * The group of each path.
 *
 * @throws when a path belongs to no group or to several, or when a group matches nothing: a forgotten parameter would
 * silently not be trained.
 */
export function assignGroups(
  groups: readonly ParameterGroup[],
  paths: readonly string[],
): Map<string, ParameterGroup> {
  const assigned = new Map<string, ParameterGroup>();
  for (const path of paths) {
    const matching = groups.filter(({ prefixes }) => prefixes.some((prefix) => isBelow(path, prefix)));
    if (matching.length !== 1) {
      const which =
        matching.length === 0 ? 'no parameter group' : `the groups ${matching.map((g) => g.name).join(', ')}`;
      throw new Error(`Parameter ${path} belongs to ${which}: give it exactly one.`);
    }
    assigned.set(path, matching[0]!);
  }
  const used = new Set(assigned.values());
  for (const group of groups) {
    if (!used.has(group))
      throw new Error(`Parameter group ${group.name} matches no parameter: check its prefixes.`);
  }
  return assigned;
}
