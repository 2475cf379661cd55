import { correctionsOf, type Corrections } from './behavior.js';

interface Behaving {
  readonly behavior?: unknown;
  readonly oddSizes?: unknown;
}

/**
 * Plain data of a configuration with `behavior` spelled out: one word becomes all corrections, and the key `oddSizes`, which stood
 * apart in earlier versions, becomes one of them. Everything else stays as it is, mistakes included.
 */
export function resolveBehavior<T>(input: T): T {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const { behavior, oddSizes, ...rest } = input as Behaving;
  const spelled: unknown =
    behavior === 'reference' || behavior === 'corrected' ? correctionsOf(behavior) : behavior;
  if (oddSizes === undefined) return spelled === behavior ? input : ({ ...input, behavior: spelled } as T);
  if (spelled !== undefined && (typeof spelled !== 'object' || spelled === null)) return input;
  return { ...rest, behavior: { ...(spelled as Partial<Corrections> | undefined), oddSizes } } as T;
}
