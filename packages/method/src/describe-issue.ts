import { nearestName } from '@toco/core';
import * as z from 'zod';

/** Keys of the object that a schema describes at a path; none where it describes no object. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: unknown = schema;
  const unwrap = (type: unknown): unknown => {
    const { def } = (type as { _zod: { def: { innerType?: unknown; out?: unknown; type: string } } })._zod;
    // `out` is what preprocessed values go into.
    const inner = def.innerType ?? (def.type === 'pipe' ? def.out : undefined);
    return inner === undefined ? type : unwrap(inner);
  };
  for (const key of path) {
    current = unwrap(current);
    if (current instanceof z.ZodObject) current = (current.shape as Record<PropertyKey, unknown>)[key];
    else if (current instanceof z.ZodArray) current = current.element;
    else return [];
    if (current === undefined) return [];
  }
  current = unwrap(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape as object) : [];
}

/** What is wrong with an input, in one line that names the nearest key where one is unknown. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  { schema, source }: { schema: z.ZodType; source: string },
): string {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const name = at === '' ? key : `${at}.${key}`;
    const near = nearestName(key, keysAt(schema, issue.path));
    const hint = near
      ? `did you mean ${at === '' ? near : `${at}.${near}`}?`
      : 'see "toco config" for all keys.';
    return `${source}: unknown key ${name}; ${hint}`;
  }
  return `${source}: ${at === '' ? 'the configuration' : at}: ${issue.message}.`;
}
