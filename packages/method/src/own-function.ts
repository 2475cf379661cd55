import { nearestName } from '@toco/core';
import type { Batch } from './batch.js';
import type { Targets } from './targets.js';

/** What functions of one's own look up by names that may not be there. */
interface Named {
  readonly params: object;
  readonly batch: Batch;
  readonly averages?: object | undefined;
  readonly targets?: Targets;
}

/** A name that was asked for and is not there. */
interface Missing {
  readonly path: string;
  /** Names that there are in its place. */
  readonly known: readonly string[];
  readonly remedy: string;
}

/**
 * What a function of one's own gives; where it fails for want of something that its inputs don't have, one line says which name.
 *
 * It gets its inputs as they are: a look at what may not be there (`batch.extra?.x ?? other`, `'x' in batch.extra`) is no mistake. Only
 * where it fails as JavaScript and TensorFlow.js fail of `undefined` is it called once more, on inputs that take down what is looked up.
 *
 * @param name what it is called in errors, such as `'The term size'`
 */
export function callOwn<I extends Named, R>(name: string, inputs: I, call: (inputs: I) => R): R {
  try {
    return call(inputs);
  } catch (error) {
    const missing = isOfUndefined(error) ? missingOf(inputs, call, error) : undefined;
    if (missing === undefined) throw error;
    const { path, known, remedy } = missing;
    const near = nearestName(path.split('.').at(-1)!, known);
    const there = known.length > 0 ? `only ${known.join(', ')}` : 'nor anything else';
    const hint = near === undefined ? '' : `did you mean ${near}? Else `;
    throw new Error(`${name} reads ${path}, which is not there, ${there}; ${hint}${remedy}.`, {
      cause: error,
    });
  }
}

/** Whether something was undefined where it should not be. */
function isOfUndefined(error: unknown): error is Error {
  const { name, message } = error as Partial<Error>;
  return name === 'TypeError' || /\bgot '(?:undefined|null)'/.test(message ?? '');
}

/** The last name that was looked up and not there, before the same error. */
function missingOf<I extends Named, R>(inputs: I, call: (inputs: I) => R, error: Error): Missing | undefined {
  const found: Missing[] = [];
  const again = ((): unknown => {
    try {
      return call({ ...inputs, ...watched(inputs, (missing) => found.push(missing)) });
    } catch (failure) {
      return failure;
    }
  })();
  if ((again as Partial<Error> | undefined)?.message !== error.message) return undefined;
  const last = found.at(-1);
  // Of a whole record that is not there, the engine says what was to be read.
  const key = /\(reading '(\w+)'\)$/.exec(error.message)?.[1];
  return last !== undefined && key !== undefined && /(?:^|\.)extra$/.test(last.path)
    ? { ...last, path: `${last.path}.${key}` }
    : last;
}

/** The inputs' records, each of which tells `note` of what it is asked for and does not have. */
function watched({ params, batch, averages, targets }: Named, note: (missing: Missing) => void): object {
  const record = <T extends object>(of: string, values: T, remedy: (key: string) => string): T =>
    new Proxy(values, {
      get(target, key): unknown {
        const value: unknown = Reflect.get(target, key);
        if (value === undefined && typeof key === 'string' && key !== 'extra')
          note({ path: `${of}.${key}`, known: Object.keys(values), remedy: remedy(key) });
        return value;
      },
    });
  const withExtra = <T extends Pick<Batch, 'extra'>>(of: string, owner: T, remedy: string): T => {
    const { extra } = owner;
    const copy: T = { ...owner };
    return Object.defineProperty(copy, 'extra', {
      enumerable: true,
      get() {
        if (extra !== undefined) return record(`${of}.extra`, extra, () => remedy);
        note({ path: `${of}.extra`, known: [], remedy });
        return undefined;
      },
    });
  };
  return {
    params: record('params', params, (key) => `let init() of the network return params.${key}`),
    batch: withExtra('batch', batch, 'let the enrichment that train() is given return it'),
    ...(averages && {
      averages: record(
        'averages',
        averages,
        (key) => `configure averages.${key}, such as { momentum: 0.999 }`,
      ),
    }),
    ...(targets && {
      targets: record(
        'targets',
        withExtra('targets', targets, 'let targets return it, in extra'),
        () => 'let targets return it, or weigh a term in this phase that learns from it',
      ),
    }),
  };
}
