import { nearestName } from '@toco/core';
import * as z from 'zod';

interface Wrapped {
  readonly _zod: { readonly def: { innerType?: unknown; out?: unknown; type: string } };
}

/** What a type wraps, such as that of a default; nothing where it wraps nothing. */
function inside(type: unknown): unknown {
  const { def } = (type as Wrapped)._zod;
  // `out` is what preprocessed values go into.
  return def.innerType ?? (def.type === 'pipe' ? def.out : undefined);
}

function unwrapped(type: unknown): unknown {
  const inner = inside(type);
  return inner === undefined ? type : unwrapped(inner);
}

/** What a schema says of a path; none where it describes nothing there. */
function typeAt(schema: z.ZodType, path: readonly PropertyKey[]): unknown {
  let current: unknown = schema;
  for (const key of path) {
    current = unwrapped(current);
    if (current instanceof z.ZodObject)
      current = (current.shape as Record<PropertyKey, unknown>)[key] ?? current.def.catchall;
    else if (current instanceof z.ZodArray) current = current.element;
    else return undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

/** Keys of the object that a schema describes at a path; none where it describes no object. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const type = typeAt(schema, path);
  const object = type === undefined ? undefined : unwrapped(type);
  return object instanceof z.ZodObject ? Object.keys(object.shape as object) : [];
}

function descriptionOf(type: unknown): string | undefined {
  if (type === undefined) return undefined;
  return (type as z.ZodType).description ?? descriptionOf(inside(type));
}

const kinds: Readonly<Record<string, string>> = {
  ...{ number: 'a number', int: 'a whole number', string: 'text', boolean: 'true or false' },
  ...{ array: 'a list', tuple: 'a list', object: 'an object of keys', record: 'an object of keys' },
  ...{ null: 'null', NaN: 'not a number' },
};
const kindOf = (name: string): string => kinds[name] ?? name;

/** What stands at a path of an input. */
function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
}

/** How many, or how large, with the border of a range. */
function borderOf({
  origin,
  inclusive,
  ...border
}: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const isLow = border.code === 'too_small';
  const limit = String(isLow ? border.minimum : border.maximum);
  if (origin === 'array' || origin === 'string')
    return `${isLow ? 'at least' : 'at most'} ${limit} ${origin === 'array' ? 'of its values' : 'letters'}`;
  const strict = isLow ? 'larger than' : 'smaller than';
  return `a number ${inclusive === false ? strict : isLow ? 'of at least' : 'of at most'} ${limit}`;
}

/** What a value is too much of. */
function wordOf({ code, origin }: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const isLow = code === 'too_small';
  if (origin === 'array' || origin === 'string') return isLow ? 'short' : 'long';
  return isLow ? 'small' : 'large';
}

/** What is wrong where, and what to write; a schema's own words stay what they are. */
function wordsOf(at: string, issue: z.core.$ZodIssue, description: string | undefined): string {
  const own = !/^(?:Invalid (?:input|option)|Too (?:small|big))/.test(issue.message);
  if (own) return `${at}: ${issue.message}.`;
  const about = description === undefined ? '' : ` (${description})`;
  switch (issue.code) {
    case 'invalid_type': {
      const received = /received (\w+)$/.exec(issue.message)?.[1] ?? 'something else';
      if (received === 'undefined') return `${at} is missing; write ${kindOf(issue.expected)}${about}.`;
      return `${at} is ${issue.expected === 'int' ? 'no whole number' : kindOf(received)}; write ${kindOf(issue.expected)}${about}.`;
    }
    case 'too_small':
    case 'too_big':
      return `${at} is too ${wordOf(issue)}; write ${borderOf(issue)}${about}.`;
    case 'invalid_value':
      return `${at} is none of the values that there are; write ${issue.values
        .map(String)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')}${about}.`;
    case 'invalid_union': {
      const ways = issue.errors.flatMap(([first]) =>
        first?.code === 'invalid_type' ? [kindOf(first.expected)] : [],
      );
      return ways.length > 0
        ? `${at} is neither; write ${[...new Set(ways)].join(' or ')}${about}.`
        : `${at}: write another value${about}.`;
    }
    default:
      return `${at}: ${issue.message}.`;
  }
}

/** A phase without one of the six weights: perhaps it has it under another name. */
function missingWeight(
  { path }: z.core.$ZodIssue,
  { schema, input }: { readonly schema: z.ZodType; readonly input: unknown },
): string | undefined {
  const [key, parent] = [path.at(-1), path.at(-2)];
  const place = path.slice(0, -1);
  if (parent !== 'weights' || typeof key !== 'string' || valueAt(input, path) !== undefined) return undefined;
  const terms = keysAt(schema, place);
  if (!terms.includes(key)) return undefined;
  const others = Object.keys((valueAt(input, place) as object | undefined) ?? {}).filter(
    (one) => !terms.includes(one),
  );
  const near = nearestName(key, others);
  const about = descriptionOf(typeAt(schema, path));
  const hint = near === undefined ? '' : `did you mean it by ${near}? `;
  return `${place.join('.')} has no ${key}${about === undefined ? '' : ` (${about})`}; ${hint}${hint === '' ? 'write' : 'Write'} a weight for each of ${terms.join(', ')}, 0 where a term is off.`;
}

/**
 * What is wrong with an input, in one line that names the nearest key where one is unknown.
 *
 * @param input what was looked at, which says more of what is missing
 */
export function describeIssue(
  issue: z.core.$ZodIssue,
  { schema, source, input }: { schema: z.ZodType; source: string; input?: unknown },
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
  const weight = missingWeight(issue, { schema, input });
  if (weight !== undefined) return `${source}: ${weight}`;
  const description = descriptionOf(typeAt(schema, issue.path));
  return `${source}: ${wordsOf(at === '' ? 'the configuration' : at, issue, description)}`;
}
