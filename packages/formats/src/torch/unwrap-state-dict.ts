import { quote, refuse } from '../format-error.js';
import { isNDArray, type NDArray } from '../nd-array.js';
import type { PickleKey, PickleValue } from '../pickle/values.js';

/** Names under which training programs put the weights, beside optimizers and counters. */
const containers = [
  'model',
  'model_ema',
  'state_dict',
  'state_dict_ema',
  'student',
  'teacher',
  'network',
  'net',
  'module',
];

/** Prefixes that wrappers of PyTorch (data parallelism, compilation) put before every name. */
const prefixes = ['module.', '_orig_mod.'];

/** Wrappers within wrappers: more are no checkpoint's. */
const deepest = 8;

/** Weights found in a checkpoint, and what was done to find them. */
export interface UnwrappedStateDict {
  readonly arrays: Record<string, NDArray>;
  /** Dictionaries that were entered, outermost first. */
  readonly containers: readonly string[];
  /** Prefixes that were taken off every name. */
  readonly prefixes: readonly string[];
  /** What stood beside the weights and is no array, as dotted paths. */
  readonly leftOut: readonly string[];
}

/**
 * The weights of a checkpoint by name, wherever a training program has put them: `model`, `state_dict`, `student` and the like
 * are entered, `module.` before every name is taken off. Nothing is guessed: with several candidates the caller chooses.
 *
 * @param value what `decodeTorch` gave
 * @param options `container`: which one to enter where there are several
 * @throws FormatError where no weights are found, or several sets of them
 * @example
 * const { arrays, containers } = unwrapStateDict(readTorch('dino.pth'), { container: 'teacher' });
 */
export function unwrapStateDict(
  value: PickleValue,
  options: { readonly container?: string | undefined } = {},
): UnwrappedStateDict {
  const { container } = options;
  const entered: string[] = [];
  const leftOut: string[] = [];
  const leaveOut = (keys: readonly PickleKey[]): void => {
    for (const key of keys) leftOut.push([...entered, String(key)].join('.'));
  };
  let map = assertDictionary(value);
  for (let next = choose(map, container); next !== undefined; next = choose(map, container)) {
    leaveOut([...map.keys()].filter((key) => key !== next));
    map = assertDictionary(map.get(next)!);
    entered.push(next);
    if (entered.length > deepest) refuse('checkpoint is nested too deeply to be a dictionary of weights');
  }
  if (container !== undefined && !entered.includes(container))
    refuse(`checkpoint has no ${quote(container)}`);
  const weights = [...map].flatMap(([key, item]) => (isNDArray(item) ? [[String(key), item] as const] : []));
  leaveOut([...map].filter(([, item]) => !isNDArray(item)).map(([key]) => key));
  const { names, taken } = stripPrefixes(weights.map(([name]) => name));
  return {
    arrays: Object.fromEntries(weights.map(([, array], i) => [names[i]!, array])),
    containers: entered,
    prefixes: taken,
    leftOut,
  };
}

function assertDictionary(value: PickleValue): ReadonlyMap<PickleKey, PickleValue> {
  return value instanceof Map ? value : refuse('checkpoint does not hold a dictionary of weights');
}

/** The container to enter, or none where the map holds arrays itself. */
function choose(map: ReadonlyMap<PickleKey, PickleValue>, wanted?: string): string | undefined {
  if (wanted !== undefined && map.get(wanted) instanceof Map) return wanted;
  if ([...map.values()].some(isNDArray)) return undefined;
  const found = containers.filter((name) => map.get(name) instanceof Map);
  if (found.length > 1) {
    refuse(
      `checkpoint holds several sets of weights (${found.join(', ')}): choose one as container (toco convert --container)`,
    );
  }
  if (found.length === 0) {
    const keys = [...map.keys()].slice(0, 8).map((key) => quote(String(key)));
    refuse(`checkpoint holds no weights that are recognized; it has ${keys.join(', ') || 'no entries'}`);
  }
  return found[0];
}

function stripPrefixes(names: readonly string[]): { names: readonly string[]; taken: readonly string[] } {
  const taken: string[] = [];
  let rest = names;
  while (rest.length > 0 && taken.length < deepest) {
    const prefix = prefixes.find((candidate) => rest.every((name) => name.startsWith(candidate)));
    if (prefix === undefined) break;
    taken.push(prefix);
    rest = rest.map((name) => name.slice(prefix.length));
  }
  return { names: rest, taken };
}
