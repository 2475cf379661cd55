import { typeAttribute } from './attribute.js';
import { type Output, type Pointer } from './capi.js';
import { type FusedCall, type FusedFunctions } from './fused-functions.js';
import { type GraphBuilder, keyOf } from './graph-builder.js';

/** A state leaf: its variable, the value that was read from it, and the one that it gets. */
export interface StateUpdate {
  readonly variable: Output;
  readonly read: Output;
  readonly next: Output;
}

/**
 * Lets XLA write new state where the old one lies.
 *
 * A fused function whose results are nothing but new state (an optimizer's) is replaced by one that takes the variables
 * themselves and assigns to them. XLA then reuses their memory where nobody else still holds the old values, so that state
 * stays where it is instead of moving through the allocator's free memory at every step, which fragments it.
 *
 * @param updates new state that may come from fused functions
 * @param after an operation that must have run before anything is assigned
 * @returns the assignments, and the updates that they do not cover
 */
export function updateInPlace(
  builder: GraphBuilder,
  functions: FusedFunctions,
  { updates, after }: { updates: readonly StateUpdate[]; after: Pointer },
): { assignments: Pointer[]; others: StateUpdate[] } {
  const assignments: Pointer[] = [];
  const covered = new Set<StateUpdate>();
  for (const call of [...functions.calls.values()]) {
    const { outputs } = call.node;
    const own = outputs.map((output) => updates.filter(({ next }) => keyOf(next) === keyOf(output)));
    if (own.length === 0 || own.some(({ length }) => length !== 1)) continue;
    if (outputs.some((output) => builder.consumers(output) > 0)) continue;
    builder.scope = call.scope;
    assignments.push(assigning(builder, functions, { call, leaves: own.flat(), after }));
    builder.scope = '';
    for (const leaf of own.flat()) covered.add(leaf);
  }
  return { assignments, others: updates.filter((update) => !covered.has(update)) };
}

/** Calls the function of `call` with the variables of `leaves` in place of their values, and assigns its results to them. */
function assigning(
  builder: GraphBuilder,
  functions: FusedFunctions,
  { call, leaves, after }: { call: FusedCall; leaves: readonly StateUpdate[]; after: Pointer },
): Pointer {
  const leafOf = (input: Output): number => leaves.findIndex(({ read }) => keyOf(read) === keyOf(input));
  const others = call.inputs.filter((input) => leafOf(input) < 0);
  const types = leaves.map(({ next }) => [typeAttribute('dtype', builder.info(next).dtype)]);
  const inputs = [...leaves.map(({ variable }) => variable), ...others];
  const { operation } = functions.call(
    builder,
    inputs,
    (inner, feeds) => {
      const handles = feeds.slice(0, leaves.length);
      const rest = feeds.slice(leaves.length);
      const reads = handles.map((handle, i) => inner.output('ReadVariableOp', [handle], types[i]!));
      const values = call.inputs.map((input) => (leafOf(input) < 0 ? rest.shift()! : reads[leafOf(input)]!));
      inner.copyFunction(call.definition);
      const { outputs } = inner.node(call.name, values);
      const reading = { after: reads.map(({ oper }) => oper) };
      return {
        outputs: [],
        effects: handles.map(
          (handle, i) => inner.node('AssignVariableOp', [handle, outputs[i]!], types[i]!, reading).operation,
        ),
      };
    },
    [after],
  );
  return operation;
}
