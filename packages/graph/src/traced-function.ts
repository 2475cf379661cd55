import type * as tf from '@tensorflow/tfjs-core';
import { shapeAttribute, stringAttribute, typeAttribute } from './attribute.js';
import { type CApi, type Output, type Pointer } from './capi.js';
import { TF, variableType } from './dtype.js';
import { GraphBuilder, type GraphStatistics, keyOf } from './graph-builder.js';
import { Trace, type TraceOptions } from './trace.js';
import { TraceError } from './trace-error.js';
import { updateInPlace } from './update-in-place.js';
import { assertSameStructure, isTensor, putTogether, type Structure, takeApart } from './tree.js';
import type { HostTensor } from '@toco/core';

/** A function of state and batch; the static phase is already bound. */
export type Traceable = (state: unknown, batch: unknown) => { state?: unknown; outputs: unknown };

/** What the trace of one function consists of. */
export interface TraceStatistics extends GraphStatistics {
  /** Time the trace took. */
  milliseconds: number;
  /** State leaves that the function gives new values. */
  assigned: number;
}

/** A function traced into a graph that still exists. */
export interface TracedGraph {
  readonly builder: GraphBuilder;
  /** Values that come in with each call. */
  readonly feeds: readonly Output[];
  /** Handles of the state's variables. */
  readonly variables: readonly Output[];
  readonly outputs: readonly Output[];
  /** What the outputs mean. */
  readonly structure: Structure;
  /** Assignments of new state; they run after every read. */
  readonly assignments: readonly Pointer[];
  readonly statistics: TraceStatistics;
}

/** Traces `f` for a state and a batch of the given structures. The caller disposes the graph. */
export function traceGraph(
  api: CApi,
  f: Traceable,
  { state, batch }: { state: Structure; batch: Structure },
  options: TraceOptions,
): TracedGraph {
  const start = performance.now();
  const builder = new GraphBuilder(api);
  try {
    const types = state.specs.map(({ dtype }) => variableType(dtype, options));
    const variables = state.specs.map(({ path, shape }, i) =>
      builder.output(
        'VarHandleOp',
        [],
        [
          typeAttribute('dtype', types[i]!),
          shapeAttribute('shape', shape),
          stringAttribute('shared_name', path),
          stringAttribute('container', ''),
        ],
        { name: `variable_${i}` },
      ),
    );
    const reads = variables.map((variable, i) => {
      const read = builder.output('ReadVariableOp', [variable], [typeAttribute('dtype', types[i]!)]);
      const type = TF[state.specs[i]!.dtype];
      return types[i] === type ? read : builder.cast(read, type);
    });
    const feeds = batch.specs.map(({ dtype, shape }, i) =>
      builder.output('Placeholder', [], [typeAttribute('dtype', TF[dtype]), shapeAttribute('shape', shape)], {
        name: `feed_${i}`,
      }),
    );
    const trace = new Trace(api, builder, options);
    const { outputs, structure, next } = trace.run(() => {
      const result = f(
        putTogether(
          state,
          reads.map((read) => trace.tensor(read)),
        ),
        putTogether(
          batch,
          feeds.map((feed) => trace.tensor(asTensor(builder, feed))),
        ),
      );
      return collect(trace, state, result);
    });
    // State is read once, before anything is assigned, so that all of the step sees the old one. Nor is anything assigned before
    // all processes have given their part: where one dies in between, the others' state is a whole step's.
    const before = [...reads.map(({ oper }) => oper), ...trace.reductions.values()];
    const afterReads = builder.node('NoOp', [], [], { after: before }).operation;
    const updates = (next ?? []).flatMap((value, i) =>
      keyOf(value) === keyOf(reads[i]!) ? [] : [{ variable: variables[i]!, read: reads[i]!, next: value }],
    );
    const results = outputs.map((output, i) =>
      builder.output('Identity', [output], [typeAttribute('T', builder.info(output).dtype)], {
        name: `result_${i}`,
      }),
    );
    const isWide = ({ variable }: { variable: Output }): boolean => {
      const i = variables.indexOf(variable);
      return types[i] !== TF[state.specs[i]!.dtype];
    };
    const { assignments, others } = updateInPlace(builder, trace.functions, {
      updates: updates.filter((update) => !isWide(update)),
      after: afterReads,
    });
    for (const { variable, next } of [...others, ...updates.filter(isWide)]) {
      const type = types[variables.indexOf(variable)]!;
      const value = builder.info(next).dtype === type ? next : builder.cast(next, type);
      const dtype = typeAttribute('dtype', type);
      const ordered = { after: [afterReads] };
      assignments.push(builder.node('AssignVariableOp', [variable, value], [dtype], ordered).operation);
    }
    const statistics = {
      ...builder.statistics,
      milliseconds: performance.now() - start,
      assigned: updates.length,
    };
    return { builder, feeds, variables, outputs: results, structure, assignments, statistics };
  } catch (error) {
    builder.dispose();
    throw error;
  }
}

/** Bytes are no type of TensorFlow.js, which calls them int32 wherever it meets them. */
function asTensor(builder: GraphBuilder, feed: Output): Output {
  return builder.info(feed).dtype === TF.uint8 ? builder.cast(feed, TF.int32) : feed;
}

function collect(
  trace: Trace,
  state: Structure,
  result: ReturnType<Traceable>,
): { outputs: Output[]; structure: Structure; next: Output[] | undefined } {
  if (result.outputs instanceof Promise) {
    throw new TraceError('The step returned a promise: a step that is traced must be synchronous.');
  }
  const toOutput = (leaf: tf.Tensor | HostTensor): Output => {
    if (isTensor(leaf)) return trace.output(leaf);
    throw new TraceError(
      'The step returned plain values, which would be the same at every run: return tensors.',
    );
  };
  const { structure, leaves } = takeApart('result', result.outputs);
  const returned = takeApart('state', result.state);
  let next: Output[] | undefined;
  if (result.state !== undefined) {
    assertSameStructure('The returned state', returned.structure.specs, state.specs);
    const position = new Map(returned.structure.specs.map(({ path }, i) => [path, i]));
    next = state.specs.map(({ path }) => toOutput(returned.leaves[position.get(path)!]!));
  }
  const outputs = leaves.map(toOutput);
  // What was kept to be returned has served its purpose.
  for (const leaf of [...returned.leaves, ...leaves]) trace.discard(leaf as tf.Tensor);
  return { outputs, structure, next };
}
