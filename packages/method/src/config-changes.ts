/** A key whose value differs between two configurations. */
export interface ConfigChange {
  readonly key: string;
  /** What it was, as one would write it; undefined where it was not set. */
  readonly was: string | undefined;
  readonly is: string | undefined;
}

/** Keys that differ between two configurations, in the order of the keys. */
export function configChanges(before: object, now: object): ConfigChange[] {
  const [was, is] = [leavesOf(before), leavesOf(now)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((key) => ({ key, was: was.get(key), is: is.get(key) }))
    .filter((change) => change.was !== change.is);
}

/** `optimizer.lr` → `0.00006`, for every key; lists are one value. */
function leavesOf(value: object, prefix = ''): Map<string, string> {
  const leaves = Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const path = `${prefix}${key}`;
    if (typeof child === 'object' && child !== null && !Array.isArray(child)) {
      return [...leavesOf(child, `${path}.`)];
    }
    return child === undefined ? [] : [[path, JSON.stringify(child)] as const];
  });
  return new Map(leaves);
}
