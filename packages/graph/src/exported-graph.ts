import { type TracedGraph } from './traced-function.js';
import { type Structure, type TensorSpec } from './tree.js';

/** A leaf and the node that stands for it. */
export interface NamedTensor extends TensorSpec {
  /** Name of the node in the graph. */
  readonly node: string;
}

/** A traced graph as data: what is needed to write it as a SavedModel or to look at it. */
export interface ExportedGraph {
  /** Bytes of a `GraphDef`. */
  readonly graphDef: Uint8Array;
  readonly feeds: readonly NamedTensor[];
  /** Nodes that hold the handles of variables; the shared name of each is its path. */
  readonly variables: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
  /** Nodes that assign new state; run them to take a step. */
  readonly assignments: readonly string[];
}

/** Writes a traced graph down. */
export function describeGraph(graph: TracedGraph, batch: Structure, state: Structure): ExportedGraph {
  const { builder } = graph;
  const named = (specs: readonly TensorSpec[], outputs: TracedGraph['outputs']): NamedTensor[] =>
    specs.map((spec, i) => ({ ...spec, node: builder.nameOf(outputs[i]!.oper) }));
  return {
    graphDef: builder.graphDef(),
    feeds: named(batch.specs, graph.feeds),
    variables: named(state.specs, graph.variables),
    outputs: named(graph.structure.specs, graph.outputs),
    assignments: graph.assignments.map((operation) => builder.nameOf(operation)),
  };
}
