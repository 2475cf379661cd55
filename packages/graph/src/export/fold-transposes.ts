import type { Constant, GraphNode } from './graph-def.js';
import { transposed } from './transposed.js';

/**
 * The same graph with weights that are used by transposed copies alone, as linear maps do, stored transposed instead of
 * copied at every run.
 */
export function foldTransposes(nodes: readonly GraphNode[]): GraphNode[] {
  const constants = new Map<string, Constant>(
    nodes.flatMap(({ name, constant }) => (constant ? [[name, constant]] : [])),
  );
  const turns = ({ op, inputs: [weight = '', order = ''] }: GraphNode): boolean =>
    op === 'Transpose' && constants.get(weight)?.shape.length === 2 && constants.get(order)?.bytes[0] === 1; // axes (1, 0)
  const kept = new Set(nodes.filter((node) => !turns(node)).flatMap(({ inputs }) => inputs));
  const copies = new Map(
    nodes
      .filter((node) => turns(node) && !kept.has(node.inputs[0]!))
      .map(({ name, inputs }) => [name, inputs[0]!]),
  );
  const stored = new Set(copies.values());
  return nodes
    .filter(({ name }) => !copies.has(name))
    .map((node) => ({
      ...node,
      inputs: node.inputs.map((input) => copies.get(input) ?? input),
      ...(node.constant && stored.has(node.name) && { constant: transposed(node.constant) }),
    }));
}
