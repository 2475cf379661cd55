import { refuse } from '../format-error.js';
import type { KnownGlobal, PickleMachine } from './machine.js';
import { isKey, type PickleObject, type PickleValue } from './values.js';

function orderedDictionary([pairs = []]: readonly PickleValue[], machine: PickleMachine): PickleValue {
  if (!Array.isArray(pairs)) refuse('pickle has an OrderedDict of something that is not a list of pairs');
  machine.spend(pairs.length);
  const map = new Map(
    pairs.map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2 || !isKey(pair[0]!)) {
        refuse('pickle has an OrderedDict of something that is not a list of pairs');
      }
      return [pair[0], pair[1]!] as const;
    }),
  );
  // PyTorch hangs version numbers of its modules on the dictionary of weights: they are not data.
  machine.onState(map, () => undefined);
  return map;
}

function namespace(_: readonly PickleValue[], machine: PickleMachine): PickleValue {
  const object: PickleObject = { className: 'argparse.Namespace', attributes: new Map() };
  machine.onState(object, (state) => {
    if (!(state instanceof Map)) refuse('pickle has a Namespace whose attributes are no dictionary');
    object.attributes = state;
  });
  return object;
}

/** What of Python's own library stands in data files, besides its built-in types. */
export const pythonGlobals: readonly KnownGlobal[] = [
  { global: 'collections.OrderedDict', call: orderedDictionary },
  { global: 'argparse.Namespace', call: namespace },
];
