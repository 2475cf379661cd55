import type { ExportedGraph } from '../exported-graph.js';
import type { DataType } from './data-type.js';
import { foldTransposes } from './fold-transposes.js';
import { readGraphDef, type Constant, type GraphNode } from './graph-def.js';
import { plainProducts } from './plain-products.js';

/** A tensor that goes into or comes out of a graph, called as its node. */
export interface Port {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** A graph without state: what were variables are constants. */
export interface FrozenGraph {
  /** In an order in which each node comes after its inputs. */
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/**
 * A traced graph with the values of its variables in it, reduced to what its outputs need. Inputs, outputs and constants
 * are called by their paths (`images`, `labels`, `encoder.norm.weight`).
 *
 * @param values of the variables, by path
 */
export function freezeGraph(graph: ExportedGraph, values: ReadonlyMap<string, Constant>): FrozenGraph {
  const names = new Map(
    [...graph.feeds, ...graph.variables, ...graph.outputs].map(({ node, path }) => [node, path]),
  );
  const traced = readGraphDef(graph.graphDef);
  // Reading a variable is using its value.
  for (const { name, op, inputs } of traced) {
    if (op === 'ReadVariableOp') names.set(name, names.get(inputs[0]!)!);
  }
  const renamed = (input: string): string => {
    const [node = '', output] = input.split(':');
    const name = names.get(node) ?? node;
    return output === undefined ? name : `${name}:${output}`;
  };
  const all = traced
    .filter(({ op }) => op !== 'ReadVariableOp')
    .map((node) => {
      const inputs = node.inputs.filter((input) => !input.startsWith('^')).map(renamed);
      return frozen({ ...node, name: renamed(node.name), inputs }, values);
    });
  const ports = (tensors: ExportedGraph['feeds']): Port[] =>
    tensors.map(({ path, dtype, shape }) => ({ name: path, dtype, shape }));
  const outputs = ports(graph.outputs);
  const reduced = (nodes: readonly GraphNode[]): GraphNode[] =>
    needed(
      nodes,
      outputs.map(({ name }) => name),
    );
  return {
    nodes: plainProducts(reduced(foldTransposes(reduced(all)))),
    inputs: ports(graph.feeds),
    outputs,
  };
}

function frozen(node: GraphNode, values: ReadonlyMap<string, Constant>): GraphNode {
  if (node.op !== 'VarHandleOp') return node;
  const constant = values.get(node.name);
  if (!constant) throw new Error(`graph: the variable ${node.name} has no value`);
  return { ...node, op: 'Const', attributes: new Map([['dtype', node.attributes.get('dtype')!]]), constant };
}

/** The nodes that `names` depend on, each after its inputs. */
function needed(nodes: readonly GraphNode[], names: readonly string[]): GraphNode[] {
  const all = new Map(nodes.map((node) => [node.name, node]));
  const done = new Set<string>();
  const order: GraphNode[] = [];
  // A stack of its own: graphs are deeper than calls may be.
  const stack = names.map((name) => ({ name, entered: false })).reverse();
  while (stack.length > 0) {
    const top = stack.pop()!;
    if (done.has(top.name)) continue;
    const node = all.get(top.name);
    if (!node) throw new Error(`graph: the node ${top.name} is missing`);
    if (top.entered) {
      done.add(top.name);
      order.push(node);
      continue;
    }
    stack.push({ name: top.name, entered: true });
    for (const input of node.inputs) stack.push({ name: input.split(':')[0]!, entered: false });
  }
  return order;
}
