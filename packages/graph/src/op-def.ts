import { type CApi, filledBuffer, type Pointer } from './capi.js';
import { messagesOf, numbersOf, readMessage, textOf } from '@toco/formats';

/** What a graph needs to know of an operation and eager execution does not: how its flat inputs divide into lists. */
export interface OpDef {
  /** For each input, whether it is a list of tensors. */
  readonly lists: readonly boolean[];
  /** Names of the attributes it has. */
  readonly attributes: ReadonlySet<string>;
  /** Whether two equal nodes may give different results. */
  readonly stateful: boolean;
}

/** Looks up operations in TensorFlow's registry through `graph`, each once. */
export function opDefs(api: CApi, graph: Pointer): (name: string) => OpDef {
  const known = new Map<string, OpDef>();
  return (name) => {
    let definition = known.get(name);
    if (!definition) known.set(name, (definition = read(api, graph, name)));
    return definition;
  };
}

function read(api: CApi, graph: Pointer, name: string): OpDef {
  const bytes = filledBuffer(api, name, (buffer, status) => {
    api.TF_GraphGetOpDef(graph, name, buffer, status);
  });
  // OpDef: 2 = input_arg, 4 = attr, 17 = is_stateful; ArgDef: 5 = number_attr, 6 = type_list_attr; AttrDef: 1 = name.
  const fields = readMessage(bytes);
  return {
    lists: messagesOf(fields, 2).map((input) => textOf(input, 5) !== '' || textOf(input, 6) !== ''),
    attributes: new Set(messagesOf(fields, 4).map((attribute) => textOf(attribute, 1))),
    stateful: numbersOf(fields, 17)[0] === 1,
  };
}

/** Cuts a flat list of inputs into the operation's arguments; at most one of them is a list of free length. */
export function splitInputs<T>(definition: OpDef, inputs: readonly T[]): (T | T[])[] {
  const lists = definition.lists.filter(Boolean).length;
  const singles = definition.lists.length - lists;
  const length = lists === 0 ? 0 : (inputs.length - singles) / lists;
  let position = 0;
  return definition.lists.map((list) =>
    list ? inputs.slice(position, (position += length)) : inputs[position++]!,
  );
}
